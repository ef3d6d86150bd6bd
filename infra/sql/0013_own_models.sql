-- Models that came by no vote: a developer's own, tuned on rows they bring, and adapters brought from elsewhere.
-- They are not in the chain's registry: where a column names a transaction (bond_tx, anchor_tx, commit_tx, release_tx), theirs is ''.
alter table proposals add column origin text not null default 'voted' check (origin in ('voted', 'own', 'imported'));

-- The held-out rows of this run alone, by hash; null where those of the proposal count.
alter table runs add column evaluation_blob text;
