create table log (
    log_id     uuid not null default gen_random_uuid(),
    created_at timestamptz not null default clock_timestamp(),
    partitions integer not null,
    lineage    text not null default '',
    constraint log_partitions_hold_whole_slots check (partitions > 0 and 3072 % partitions = 0)
);
create unique index log_one_row on log ((true));
comment on table log is
    'which log this is, and into how many partitions it is published; a restore begins another life of it';
