-- The subset adapters of a release and the calibration of its attribution; a release without a record is paid provisionally.
create table calibrations (
  release_id uuid primary key references releases,
  record_blob text,                      -- clusters, subsets, adapters by hash, prior weights, widening: JSON; null where given up
  reason text,                           -- why it was given up
  adapters int not null,
  seconds double precision not null,     -- what it took to tune them
  created_at timestamptz not null,
  check ((record_blob is null) = (reason is not null))
);

alter table answers add column outcomes_blob text;  -- Float64 per subset adapter: nats of the answer; null without a calibration
