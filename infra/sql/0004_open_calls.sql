-- Calls that may have moved money outside the database and have not committed yet. A node that was killed in one
-- repeats it when it starts again, under the same key; the commit removes the row.
create table open_calls (
  key text primary key,
  verb text not null,
  caller jsonb not null,
  input jsonb not null,
  input_hash text not null,
  begun_at timestamptz(3) not null
);
