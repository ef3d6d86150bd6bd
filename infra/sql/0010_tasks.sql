-- Tasks of A2A: what was asked of which agent for whom, and how far it is. What nobody has an account for is kept in memory only.

create table tasks (
  id uuid primary key,
  agent text not null,                   -- curator, models/bees; empty for the node itself
  context_id text not null,
  account_id uuid references accounts,   -- null: the operator's
  caller jsonb not null,                 -- who called, by which key: to take the call up again
  verb text not null,
  input jsonb,                           -- null where it may hold what is not to be stored
  call_key text not null,                -- the verb's idempotency key
  state text not null,                   -- of the task, as A2A writes it
  task jsonb not null,                   -- A2A's Task: status, artifacts, history
  updated_at timestamptz(3) not null     -- of the status
);
create index on tasks (account_id, agent, updated_at desc, id desc);
create index on tasks (account_id, agent, context_id, updated_at);
create index on tasks (state) where state in ('TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING');
create index on tasks (updated_at);
