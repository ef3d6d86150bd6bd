-- The machinery under every verb: the ledger of events, receipts, money, leases, idempotent calls, notices.
-- Faults that a trigger raises carry SQLSTATE class TB, the fault's code in `detail` and its fix in `hint`.

create extension if not exists vector;

create table settings (
  key text primary key,
  value jsonb not null
);

-- Events -------------------------------------------------------------------------------------------------------------

create table events (
  seq bigint primary key check (seq > 0),
  at timestamptz(3) not null,
  kind text not null,
  actor text not null,
  subject text not null,
  payload jsonb,                -- null once erased
  salt bytea,                   -- 32 bytes; erased with the payload, or a short payload could be guessed from its hash
  payload_hash text not null,
  prev_hash text not null unique,
  hash text not null unique,
  check ((payload is null) = (salt is null)),
  check (salt is null or length(salt) = 32)
);
create index events_subject on events (subject, seq);
create index events_kind on events (kind, seq);

-- One row: its lock puts the writers of the chain in line until they commit.
create table ledger_head (
  only_one boolean primary key default true check (only_one),
  seq bigint not null,
  hash text not null
);
insert into ledger_head (seq, hash) values (0, repeat('0', 64));

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'TB001', detail = 'append-only',
    message = format('Rows of %s are never changed or removed.', tg_table_name),
    hint = 'Add a new row that corrects the old one.';
end $$;

create function erase_only() returns trigger language plpgsql as $$
begin
  if new.payload is null and new.salt is null
     and (new.seq, new.at, new.kind, new.actor, new.subject, new.payload_hash, new.prev_hash, new.hash)
       = (old.seq, old.at, old.kind, old.actor, old.subject, old.payload_hash, old.prev_hash, old.hash) then
    return new;
  end if;
  raise exception using errcode = 'TB001', detail = 'append-only',
    message = 'An event may only be erased, not rewritten.',
    hint = 'Append a new event that corrects the old one.';
end $$;

create trigger events_erase_only before update on events for each row execute function erase_only();
create trigger events_kept before delete on events for each row execute function refuse_change();

create table anchors (
  to_seq bigint primary key references events (seq),
  from_seq bigint not null unique references events (seq),
  root text not null,           -- SHA-256 Merkle root over the events' hashes
  tx text,                      -- hash of the chain's transaction; null until it is mined
  at timestamptz(3) not null,
  check (from_seq <= to_seq)
);

create table receipts (
  id uuid primary key,
  kind text not null,
  body text not null,           -- RFC 8785 JSON of {body, kind}, the very bytes that are signed
  signature text not null,      -- Ed25519, base64url
  key_id text not null,
  event_seq bigint references events (seq),
  at timestamptz(3) not null default now()
);
create index receipts_event on receipts (event_seq);

-- Money --------------------------------------------------------------------------------------------------------------
-- All amounts are the token's smallest unit. Accounts are names: balance:<account>, income:<epoch>, commons:<datanet>, ...

create table transfers (
  id uuid primary key,
  key text not null unique,     -- the caller's idempotency key
  from_account text not null,
  to_account text not null,
  units bigint not null check (units > 0),
  reason text not null,
  at timestamptz(3) not null,
  check (from_account <> to_account)
);

create table entries (
  transfer uuid not null references transfers (id),
  account text not null,
  units bigint not null check (units <> 0),
  primary key (transfer, account)
);
create index entries_account on entries (account, transfer);

-- What the entries add up to, kept by a trigger. Accounts that hold somebody's money cannot be overdrawn;
-- others (where money enters or leaves, such as chain:deposits) may be negative.
create table balances (
  account text primary key,
  units bigint not null,
  constraint balances_covered
    check (units >= 0 or account !~ '^(balance|income|commons|escrow|pledge|bond|owed):')
);

create function book_entry() returns trigger language plpgsql as $$
begin
  -- In two statements: a check constraint sees the row of `insert ... on conflict` before the conflict does.
  insert into balances (account, units) values (new.account, 0) on conflict do nothing;
  update balances set units = units + new.units where account = new.account;
  return null;
exception when check_violation then
  raise exception using errcode = 'TB002', detail = 'insufficient-balance',
    message = format('%s holds less than %s units.', new.account, -new.units),
    hint = 'Top up the balance or ask for less.';
end $$;

create function check_transfer() returns trigger language plpgsql as $$
declare
  wanted uuid := case tg_table_name when 'transfers' then (to_jsonb(new) ->> 'id')::uuid else (to_jsonb(new) ->> 'transfer')::uuid end;
  total numeric;
  sides bigint;
begin
  select coalesce(sum(units), 0), count(*) into total, sides from entries where transfer = wanted;
  if total <> 0 or sides < 2 then
    raise exception using errcode = 'TB003', detail = 'transfer-unbalanced',
      message = format('The entries of transfer %s add up to %s units over %s accounts.', wanted, total, sides),
      hint = 'Write every transfer with entries that add up to zero.';
  end if;
  return null;
end $$;

create trigger entries_booked after insert on entries for each row execute function book_entry();
create trigger entries_kept before update or delete on entries for each row execute function refuse_change();
create trigger transfers_kept before update or delete on transfers for each row execute function refuse_change();
create constraint trigger entries_balanced after insert on entries
  deferrable initially deferred for each row execute function check_transfer();
create constraint trigger transfers_balanced after insert on transfers
  deferrable initially deferred for each row execute function check_transfer();

-- Doing things once --------------------------------------------------------------------------------------------------

create table leases (
  name text primary key,
  owner uuid not null,
  expires_at timestamptz not null,
  heartbeat_at timestamptz not null
);

create table calls (
  key text primary key,
  verb text not null,
  caller text not null,
  input_hash text not null,
  output jsonb not null,
  at timestamptz(3) not null
);

create table outbox (
  id uuid primary key,
  account text not null,
  channel text not null,
  kind text not null,
  facts jsonb not null,
  created_at timestamptz(3) not null,
  sent_at timestamptz(3)
);
create index outbox_unsent on outbox (created_at) where sent_at is null;
