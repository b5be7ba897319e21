create table parked (
    subscription  text not null,
    stream        text collate "C" not null,
    from_position bigint not null,
    topic         text not null,
    partition     integer not null,
    error         text not null,
    attempts      integer not null default 0,
    parked_at     timestamptz not null default clock_timestamp(),
    primary key (subscription, stream)
);
comment on table parked is 'streams that a subscription has parked because an event of theirs could not be handled';

create table parked_events (
    subscription text not null,
    stream       text collate "C" not null,
    position     bigint not null,
    next_offset  bigint not null,
    key          bytea,
    headers      jsonb not null,
    value        bytea not null,
    primary key (subscription, stream, position),
    constraint parked_events_parked_fkey foreign key (subscription, stream) references parked on delete cascade
);
comment on table parked_events is
    'the records of a parked stream, as they came, in order; headers are a list of [name, text]';
