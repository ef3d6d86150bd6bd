-- What people do with their own accounts: identities linked together, wallets of their own, standing statements of rights,
-- second answers to compare, and erasure.

alter table accounts add column erased_at timestamptz(3);

-- An identity that was linked to another account remembers the one it had, so that an unlink can give it back.
alter table identities add column home_id uuid references accounts;
create index on identities (account_id);
create index on identities (home_id) where home_id is not null;

-- One open code an account, as its SHA-256: a code itself is stored nowhere.
create table link_codes (
  account_id uuid primary key references accounts,
  code_hash text not null unique,
  expires_at timestamptz(3) not null
);

create table link_tries (
  id uuid primary key,
  account_id uuid not null references accounts,
  at timestamptz(3) not null
);
create index on link_tries (account_id, at);

-- Accounts that are known to be one person's, also after an unlink: an asker never pays rows of their own.
create table linked_accounts (
  account_id uuid not null references accounts,
  linked_id uuid not null references accounts,
  by text not null check (by in ('code', 'wallet')),
  at timestamptz(3) not null,
  primary key (account_id, linked_id),
  check (account_id <> linked_id)
);

-- Outside wallets: asked for with a message, linked once it came back signed.
create table wallets (
  id uuid primary key,
  account_id uuid not null references accounts,
  address text not null,                 -- with its EIP-55 checksum
  message text not null,                 -- EIP-4361, the very text to sign
  expires_at timestamptz(3) not null,
  linked_at timestamptz(3),
  unlinked_at timestamptz(3)
);
create unique index wallets_in_use on wallets (account_id) where linked_at is not null and unlinked_at is null;
create index on wallets (address);

-- A standing statement: the rows that the account gives to this datanet are its own to give under this licence.
create table consents (
  account_id uuid not null references accounts,
  proposal_id uuid not null references proposals,
  licence text not null,
  given_at timestamptz(3) not null,
  revoked_at timestamptz(3),
  primary key (account_id, proposal_id)
);

-- A second answer to a question, sampled freely, for its asker to compare with the one they paid for.
create table alternatives (
  answer_id uuid primary key references answers,
  account_id uuid not null references accounts,
  answer text not null,
  seed bigint not null,
  tokens int not null,
  made_at timestamptz(3) not null
);
create index on alternatives (account_id, made_at);

create table preferences (
  answer_id uuid primary key references alternatives,
  account_id uuid not null references accounts,
  choice text not null check (choice in ('first', 'second', 'neither')),
  given_at timestamptz(3) not null
);
