-- What people do on chat platforms, kept until it is answered, and what was shown to them.

create table chat_updates (
  seq bigint generated always as identity primary key,
  platform text not null,                -- discord, telegram
  key text not null,                     -- the platform's id of the update
  chat text not null,
  subject text not null,                 -- the person's id on the platform
  nonce text not null,                   -- names the message that answers it
  payload jsonb,                         -- who did what, as the platform told it; null once answered
  attempts int not null default 0,
  verdict text check (verdict in ('admitted', 'warned', 'silenced')),  -- of the budgets, once and for all
  received_at timestamptz(3) not null,
  done_at timestamptz(3),
  unique (platform, key),
  check ((payload is null) = (done_at is not null))
);
create index chat_updates_waiting on chat_updates (platform, chat, subject, seq) where done_at is null;
create index chat_updates_done on chat_updates (done_at) where done_at is not null;

-- One person's conversation in one chat, as JSON of bots/chat/session-json.ts.
create table chat_sessions (
  platform text not null,
  chat text not null,
  subject text not null,
  session jsonb not null,
  at timestamptz(3) not null,
  primary key (platform, chat, subject)
);

-- Messages of the bot. `trying`: sent or not, nobody knows yet.
create table chat_shown (
  nonce text primary key,
  platform text not null,
  place text not null,                   -- a chat, or person:<subject>
  message text,
  state text not null check (state in ('trying', 'shown', 'gone')),
  view jsonb,                            -- what it shows, kept where it has pages to turn
  at timestamptz(3) not null
);
create index chat_shown_place on chat_shown (platform, place, at);
create index chat_shown_age on chat_shown (at);

create table chat_buttons (
  id text primary key,                   -- 12 bytes, base64url
  platform text not null,
  nonce text not null,                   -- the message it stands under
  subject text,                          -- whom it is for; null: anybody there
  act jsonb not null,                    -- the line it sends, or the page it turns to
  made_at timestamptz(3) not null
);
create index chat_buttons_nonce on chat_buttons (nonce);
create index chat_buttons_age on chat_buttons (made_at);

create table chat_communities (
  platform text not null,
  community text not null,
  settings jsonb not null,               -- channels, roles, language, as bots/chat/communities.ts reads them
  digest jsonb not null default '{}',    -- what the last digest told
  at timestamptz(3) not null,
  primary key (platform, community)
);

-- The thread of each proposal in each community.
create table chat_threads (
  platform text not null,
  community text not null,
  proposal text not null,
  place jsonb not null,
  primary key (platform, community, proposal)
);

-- People whom a community's admins silenced there.
create table chat_muted (
  platform text not null,
  community text not null,
  subject text not null,
  primary key (platform, community, subject)
);

-- People who want no notices.
create table chat_quiet (
  platform text not null,
  subject text not null,
  primary key (platform, subject)
);

create table chat_budgets (
  platform text not null,
  scope text not null,                   -- person:<subject> or community:<id>
  span text not null,                    -- minute or day
  began_at timestamptz(3) not null,
  count int not null,
  primary key (platform, scope, span, began_at)
);

create table chat_files (
  platform text not null,
  subject text not null,
  name text not null,
  sha256 text not null,
  at timestamptz(3) not null,
  primary key (platform, subject, name)
);
create index chat_files_age on chat_files (at);
create index chat_files_sha256 on chat_files (sha256);

-- Blobs that a row of chat_files had: removed once no row has them any more.
create table chat_files_gone (
  sha256 text primary key
);

-- Cards that are shown again as what they show moves. `until` null: as long as the thread stands.
create table chat_cards (
  nonce text primary key references chat_shown on delete cascade,
  platform text not null,
  place jsonb not null,
  verb text not null,
  input jsonb not null,
  hash text not null,                    -- of what was shown last
  until timestamptz(3)
);
create index chat_cards_platform on chat_cards (platform, until);
