-- The journal of the chain door: every transaction before it is broadcast, in the order of the chain, so that the embedded
-- EVM can be rebuilt from here alone.

create table chain_deployments (
  contract text primary key,    -- AccessManager, Token, Registry, Rewards
  chain_id bigint not null,
  address text not null,
  code_hash text not null       -- keccak256 of the code at that address: another contract there is refused at start
);

create table chain_transactions (
  seq bigint generated always as identity primary key,
  key text not null unique,     -- idempotency key: the same key again returns this row
  chain_id bigint not null,
  kind text not null check (kind in ('call', 'time')),
  call text not null,           -- Registry.propose; for `time`: advance
  sender text,
  nonce bigint,
  hash text unique,
  raw text,                     -- the signed transaction, 0x hex
  advance_seconds bigint not null default 0,
  block_timestamp bigint,       -- Unix seconds; on the embedded chain fixed before the broadcast, so that a replay has it
  block_number bigint,
  status text not null default 'pending' check (status in ('pending', 'mined', 'reverted')),
  receipt jsonb,
  created_at timestamptz not null default now(),
  unique (chain_id, sender, nonce),
  check ((kind = 'call') = (raw is not null and hash is not null and sender is not null and nonce is not null)),
  check ((status = 'pending') = (block_number is null))
);
create index chain_transactions_pending on chain_transactions (seq) where status = 'pending';
