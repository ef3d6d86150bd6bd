-- Payments by x402: one row for each authorisation that a payer signed, stored before any money moves.
--   stored -> settled -> served
--                     -> refunding -> refunded
-- Every step is an update with the state before it as its condition, in the transaction that moves the money in the books.
create table payments (
  id uuid primary key,
  chain_id bigint not null,
  asset text not null,                   -- the token's address, like the payer's with its EIP-55 checksum
  payer text not null,
  nonce text not null,                   -- of the authorisation: 0x and 64 lower-case digits
  units bigint not null check (units > 0),
  valid_before bigint not null,          -- Unix seconds of chain time: from then on it cannot pay
  proof_hash text not null,              -- SHA-256 of what was signed with its signature: a repetition shows the same
  request_hash text not null,            -- SHA-256 of the one request that it pays for
  state text not null default 'stored' check (state in ('stored', 'settled', 'served', 'refunding', 'refunded')),
  account_id uuid references accounts,
  tx text,                               -- that paid the treasury
  tx_by text check (tx_by in ('node', 'other')),
  refund_units bigint check (refund_units > 0 and refund_units <= units),
  refund_tx text,                        -- that paid back
  stored_at timestamptz(3) not null,
  touched_at timestamptz(3) not null,    -- when its request was last here
  unique (chain_id, asset, payer, nonce),
  check ((state = 'stored') = (tx is null)),
  check ((tx is null) = (account_id is null)),
  check ((tx is null) = (tx_by is null)),
  check ((state in ('refunding', 'refunded')) = (refund_units is not null)),
  check ((state = 'refunded') = (refund_tx is not null))
);
create index payments_open on payments (touched_at) where state in ('stored', 'settled', 'refunding');

-- What a payment was spent on is found by the beginning of the keys of its calls.
create index calls_key_prefix on calls (key text_pattern_ops);
