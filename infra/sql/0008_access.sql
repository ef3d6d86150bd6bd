-- Programs that call for an account: API keys, what they have spent, and who did what by which right.

create table api_keys (
  id text primary key,                   -- 12 letters and digits; stands in the key's text before its secret
  account_id uuid not null references accounts,
  name text not null,
  secret_hash text not null,             -- SHA-256 of the secret, hex: the secret itself is stored nowhere
  earlier_hash text,                     -- of the secret before the last rotation, while it still holds
  earlier_until timestamptz(3),
  scopes text[] not null,
  rate_per_minute int not null check (rate_per_minute > 0),
  budget_units bigint check (budget_units >= 0),   -- null: as much as the account has
  budget_period text check (budget_period in ('day', 'month', 'ever')),
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  revoked_at timestamptz(3),
  last_used_at timestamptz(3),           -- to the minute
  check ((budget_units is null) = (budget_period is null)),
  check ((earlier_hash is null) = (earlier_until is null))
);
create index on api_keys (account_id);

-- What a key with a budget has spent: reserved before the call's work, gone again where it failed.
create table api_key_spends (
  call_key text primary key,
  key_id text not null references api_keys on delete cascade,
  units bigint not null check (units >= 0),
  at timestamptz(3) not null
);
create index on api_key_spends (key_id, at);

-- Every call that moved money, cast a vote, handled a key or was the operator's: by whom and how it ended, never its input.
create table audited_calls (
  id uuid primary key,
  role text not null,
  account_id uuid references accounts,
  key_id text,
  verb text not null,
  surface text not null,
  request_id text,
  outcome text not null,                 -- ok, or the code of the fault
  at timestamptz(3) not null
);
create index on audited_calls (at);
create index on audited_calls (account_id, at);
