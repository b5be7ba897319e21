create table events (
    position    bigint primary key,
    stream      text collate "C" not null,
    version     integer not null,
    key         text not null,
    type        text not null,
    data        jsonb not null,
    metadata    jsonb not null,
    recorded_at timestamptz not null,
    constraint events_stream_version_key unique (stream, version)
);
comment on table events is 'the log: insert only, position without a hole and in commit order';
comment on column events.recorded_at is 'the server''s clock at the append, which may be wrong: order is the position''s';
