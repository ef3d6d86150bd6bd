-- Questions of programs: conversations, sampling of their own, and other names of models.

-- What was asked beside the question, to ask again after a crash and to check the receipt's `requestHash`; null for a plain question.
alter table answers add column request jsonb;

create table model_aliases (
  alias text primary key,
  model text not null,                   -- name, name@version or name@latest; a model of the alias's own name goes first
  set_at timestamptz(3) not null
);
