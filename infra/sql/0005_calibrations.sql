-- The subset adapters of a release and the calibration of its attribution; a release without a row here is paid provisionally.
create table calibrations (
  release_id uuid primary key references releases,
  record_blob text not null,             -- clusters, subsets, adapters by hash, prior weights, widening: JSON
  adapters int not null,
  widening double precision not null,    -- factor of standard deviations, so that 90% intervals hold
  seconds double precision not null,     -- what it took to tune them
  created_at timestamptz not null
);

alter table answers add column outcomes_blob text;  -- Float64 per subset adapter: nats of the answer; null without a calibration
