create table quarantine (
    subscription  text not null,
    topic         text not null,
    partition     integer not null,
    record_offset bigint not null,
    reason        text not null,
    key           bytea,
    headers       jsonb not null,
    value         bytea not null,
    size          integer not null,
    quarantined_at timestamptz not null default clock_timestamp(),
    primary key (subscription, topic, partition, record_offset)
);
comment on table quarantine is
    'records that are not of the log that a subscription follows; value is their beginning, the topic has the rest';
