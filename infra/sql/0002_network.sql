-- The nouns of the network. Money columns are *_units (10^-6 token), hashes are lower-case hex, times carry their zone.

create table accounts (
  id uuid primary key,
  name text not null,
  role text not null default 'member' check (role in ('member', 'operator', 'agent')),
  wallet int not null unique,            -- index of the custodial wallet (HD path), until the person links their own
  created_at timestamptz not null
);
create sequence account_wallets start 1;

create table identities (
  platform text not null,                -- terminal, web, discord, telegram, tour
  subject text not null,                 -- the person's id there
  account_id uuid not null references accounts,
  created_at timestamptz not null,
  primary key (platform, subject)
);

create table proposals (
  id uuid primary key,
  name text not null unique,             -- the model's name: med-qa, beekeeping
  proposer_id uuid not null references accounts,
  state text not null check (state in ('voting', 'gathering', 'tuning', 'evaluating', 'serving', 'rejected', 'failed', 'retired')),
  terms jsonb not null,                  -- the typed proposal as it was voted on; constitution of the datanet
  terms_hash text not null,
  evaluation_blob text not null,         -- the held-out rows, by hash; never shown before the release
  bond_units bigint not null check (bond_units >= 0),
  price_units bigint not null check (price_units >= 0),
  closes_at timestamptz not null,
  gathering_closed_at timestamptz,
  reason text,                           -- why it was rejected or failed
  unwind_after timestamptz,              -- when bond and pledges of an ended proposal can go back on chain
  unwound_at timestamptz,
  bond_tx text not null,
  created_at timestamptz not null
);

-- What every account could vote with when the proposal was made; nobody gains weight by moving money afterwards.
create table voting_power (
  proposal_id uuid not null references proposals,
  account_id uuid not null references accounts,
  weight_units bigint not null check (weight_units > 0),
  primary key (proposal_id, account_id)
);

create table pledges (
  id uuid primary key,
  proposal_id uuid not null references proposals,
  account_id uuid not null references accounts,
  units bigint not null check (units > 0),
  tx text not null,
  created_at timestamptz not null
);

-- One ballot an account: a changed vote replaces it, the event log keeps both.
create table ballots (
  proposal_id uuid not null references proposals,
  account_id uuid not null references accounts,
  choice text not null check (choice in ('yes', 'no')),
  weight_units bigint not null check (weight_units >= 0),
  salt text not null,
  receipt_id uuid not null,
  cast_at timestamptz not null,
  primary key (proposal_id, account_id)
);

create table polls (
  proposal_id uuid primary key references proposals,
  root text not null,
  ballots int not null,
  yes_units bigint not null,
  no_units bigint not null,
  passed boolean not null,
  file_blob text not null,
  tx text not null,
  closed_at timestamptz not null
);

create table submissions (
  id uuid primary key,
  proposal_id uuid not null references proposals,
  account_id uuid not null references accounts,
  rows int not null,
  state text not null check (state in ('received', 'curated')),
  received_at timestamptz not null
);

create table contributions (
  id uuid primary key,
  seq bigint generated always as identity unique,
  submission_id uuid not null references submissions,
  proposal_id uuid not null references proposals,
  account_id uuid not null references accounts,
  question text,                         -- null once withdrawn
  answer text,
  licence text not null,
  content_hash text not null,            -- salted: SHA-256(salt || canonical row)
  salt bytea,
  state text not null check (state in ('received', 'accepted', 'refused', 'review', 'withdrawn')),
  reason text,
  message text,
  fix text,
  first_id uuid references contributions,
  cluster_id uuid,
  embedding vector,
  embedding_of text,                     -- hash of the embedding adapter that made it; others do not compare
  received_at timestamptz not null,
  decided_at timestamptz
);
create index on contributions (proposal_id, state, seq);
create index on contributions (submission_id);
create index on contributions (account_id, seq);

create table snapshots (
  id uuid primary key,
  proposal_id uuid not null references proposals,
  root text not null,
  rows int not null,
  licences jsonb not null,
  anchor_tx text not null,
  created_at timestamptz not null
);

create table snapshot_rows (
  snapshot_id uuid not null references snapshots,
  position int not null,
  contribution_id uuid not null references contributions,
  cluster int not null,
  canonical boolean not null,
  leaf text not null,
  primary key (snapshot_id, position)
);
create index on snapshot_rows (contribution_id);

create table runs (
  id uuid primary key,
  proposal_id uuid not null references proposals,
  snapshot_id uuid not null references snapshots,
  recipe jsonb not null,
  state text not null check (state in ('queued', 'training', 'trained', 'failed')),
  worker text,
  progress jsonb,
  result jsonb,
  adapter_hash text,
  reason text,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz
);

create table run_steps (
  run_id uuid not null references runs,
  step int not null,
  loss double precision not null,        -- nats a token
  tokens_per_second double precision not null,
  primary key (run_id, step)
);

create table evaluations (
  id uuid primary key,
  run_id uuid not null references runs,
  rows int not null,
  base_loss double precision not null,   -- nats a token, answer tokens only
  adapter_loss double precision not null,
  gain double precision not null,        -- clip((L0 - L1) / (Lref - L1)) on the held-out answers: no answer may pay above it
  passed boolean not null,
  reason text,
  hash text not null,
  created_at timestamptz not null
);

create table releases (
  id uuid primary key,
  proposal_id uuid not null references proposals,
  version int not null,
  run_id uuid not null references runs,
  snapshot_id uuid not null references snapshots,
  evaluation_id uuid not null references evaluations,
  adapter_hash text not null,
  commit_tx text not null,
  release_tx text not null,
  created_at timestamptz not null,
  unique (proposal_id, version)
);

create table epochs (
  number int primary key,
  state text not null check (state in ('open', 'closing', 'computed', 'posted', 'active')),
  income_units bigint not null default 0,
  paid_units bigint not null default 0,
  commons_units bigint not null default 0,
  other_units bigint not null default 0,
  root text,
  file_blob text,
  tx text,
  active_after timestamptz,
  opened_at timestamptz not null,
  closed_at timestamptz
);

create table answers (
  id uuid primary key,
  release_id uuid not null references releases,
  account_id uuid not null references accounts,
  epoch int not null references epochs,
  question text not null,
  answer text,
  state text not null check (state in ('paid', 'answered', 'refunded')),
  price_units bigint not null,
  seed bigint not null,
  salt bytea not null,                   -- of the hashes in the receipt
  prompt_tokens int,
  answer_tokens int,
  receipt_id uuid,
  asked_at timestamptz not null,
  answered_at timestamptz,
  attribution jsonb,                     -- nats, spans, gain, unattributed; null until measured
  influence_blob text                    -- Float64 per snapshot row, nats
);
create index on answers (epoch, state);

create table shares (
  answer_id uuid not null references answers,
  account_id uuid not null references accounts,
  share double precision not null check (share >= 0 and share <= 1),
  low double precision,                  -- null until the ensemble exists
  high double precision,
  primary key (answer_id, account_id)
);

create table feedback (
  id uuid primary key,
  answer_id uuid not null references answers,
  account_id uuid not null references accounts,
  thumb int not null check (thumb in (-1, 1)),
  given_at timestamptz not null,
  unique (answer_id, account_id)
);

-- A leaf of the rewards tree belongs to one account for life.
create table reward_leaves (
  index int primary key,
  account_id uuid not null unique references accounts,
  address text not null
);

create table payouts (
  epoch int not null references epochs,
  account_id uuid not null references accounts,
  kind text not null check (kind in ('contributor', 'proposer', 'compute')),
  units bigint not null check (units >= 0),
  provisional boolean not null,
  primary key (epoch, account_id, kind)
);

create table cumulative_payouts (
  epoch int not null references epochs,
  account_id uuid not null references accounts,
  units bigint not null check (units >= 0),
  primary key (epoch, account_id)
);

create table claims (
  id uuid primary key,
  account_id uuid not null references accounts,
  epoch int not null references epochs,
  units bigint not null check (units > 0),
  cumulative_units bigint not null,
  tx text not null,
  claimed_at timestamptz not null,
  unique (account_id, cumulative_units)
);
