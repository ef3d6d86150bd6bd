-- Subscriptions to the ledger: where events are sent, and how far each has come. No secret is stored: it follows from the id.

create table webhooks (
  id uuid primary key,
  account_id uuid not null references accounts,
  url text not null,
  kinds text[] not null,                 -- empty: all
  about_me boolean not null,
  state text not null check (state in ('active', 'dead')),
  cursor_seq bigint not null,            -- newest event that was delivered, or does not concern it
  delivered bigint not null default 0,   -- events in all
  failures int not null default 0,       -- of the next event, one after the other
  failing_since timestamptz(3),
  next_try_at timestamptz(3),            -- null: at once
  reason text,                           -- what the last failure was
  created_at timestamptz(3) not null,
  check ((failures = 0) = (failing_since is null))
);
create index on webhooks (account_id);
create index on webhooks (next_try_at) where state = 'active';
