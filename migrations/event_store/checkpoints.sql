create table checkpoints (
    subscription text not null,
    topic        text not null,
    partition    integer not null,
    log_id       uuid,
    lineage      text not null default '',
    position     bigint not null default 0,
    event        text not null default '',
    next_offset  bigint not null default 0,
    epoch        bigint not null default 0,
    primary key (subscription, topic, partition)
) with (fillfactor = 50);
comment on table checkpoints is
    'how far a follower got, and which event it took last; the relay is subscription ''relay'', partition -1';
