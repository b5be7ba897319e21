"""The event store's DDL: what every service's first revision makes. Frozen once released; a later change is a revision
of its own.
"""

from alembic import context, op
from sqlalchemy import text

TABLES = """
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

create table deadlines (
    stream text collate "C" not null,
    kind   text collate "C" not null,
    due_at timestamptz not null,
    key    text not null,
    primary key (stream, kind)
);
create index deadlines_due_at on deadlines (due_at);
comment on table deadlines is
    'what is due when; written by the append function and made anew from the log, deleted also where nobody wants it';

create table checkpoints (
    subscription text not null,
    topic        text not null,
    partition    integer not null,
    log_id       uuid,
    lineage      text not null default '',
    position     bigint not null default 0,
    next_offset  bigint not null default 0,
    epoch        bigint not null default 0,
    primary key (subscription, topic, partition)
) with (fillfactor = 50);
comment on table checkpoints is 'how far a follower got; the relay is subscription ''relay'', partition -1';

create table personal (
    ref        text collate "C" primary key,
    subject    text collate "C" not null,
    kind       text not null,
    body       text not null,
    created_at timestamptz not null default clock_timestamp()
);
create index personal_subject on personal (subject);
comment on table personal is 'text about people, which events name by ref alone, so that it can be erased';

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
comment on table parked is 'streams that a subscription has laid aside because an event of theirs could not be handled';

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
"""

# History is not up for debate, not even for the owner of the table; statement triggers, so that they cost inserts
# nothing.
GUARDS = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: events are facts', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger events_are_facts before update or delete or truncate on events for each statement
    execute function refuse_change();
"""

# One call appends a batch of items, each all or nothing, under the log's lock: so positions have no hole and follow
# commit order. The lock must be a statement of its own, before the one that reads the last position: each statement of
# a VOLATILE function takes its own snapshot under READ COMMITTED, and only one taken after the lock sees the former
# holder's rows. Items number from 1 and have disjoint sets of streams; events stand in the order of their items. For
# each item: the position of its last event, also where these very events are there already (the same call, sent again),
# or null where a version is not the expected one. Deadlines hold one row per (stream, kind) and item, the last of its
# events' wishes; due_at null clears it.
APPEND = """
create function append_events(
    write_item integer[], write_stream text[], write_expected integer[],
    event_item integer[], event_stream text[], event_version integer[], event_key text[], event_type text[],
    event_data jsonb[], event_metadata jsonb[],
    deadline_item integer[] default '{}', deadline_stream text[] default '{}', deadline_kind text[] default '{}',
    deadline_due_at timestamptz[] default '{}', deadline_key text[] default '{}',
    personal_item integer[] default '{}', personal_ref text[] default '{}', personal_subject text[] default '{}',
    personal_kind text[] default '{}', personal_body text[] default '{}'
) returns bigint[] language plpgsql volatile as $$
declare
    head bigint := 0;
    stamp timestamptz := '-infinity';
    refused integer[];
    appended bigint;
    answers bigint[];
begin
    perform pg_advisory_xact_lock(7001);
    select e.position, e.recorded_at into head, stamp from events e order by e.position desc limit 1;
    head := coalesce(head, 0);
    stamp := greatest(clock_timestamp(), stamp);

    select coalesce(array_agg(w.item), '{}') into refused
    from unnest(write_item, write_stream, write_expected) as w (item, stream, expected)
    where w.expected <> coalesce((select e.version from events e where e.stream = w.stream order by e.version desc
        limit 1), 0);

    -- The usual case apart: with nothing refused an event's place is its distance from the head, and
    -- nothing need be sorted.
    if refused = '{}' then
        insert into events (position, stream, version, key, type, data, metadata, recorded_at)
        select head + w.place, w.stream, w.version, w.key, w.type, w.data, w.metadata, stamp
        from unnest(event_stream, event_version, event_key, event_type, event_data, event_metadata)
            with ordinality as w (stream, version, key, type, data, metadata, place);
        get diagnostics appended = row_count;
        answers := array(
            select head + max(w.place) from unnest(event_item) with ordinality as w (item, place) group by w.item
                order by w.item
        );
    else
        insert into events (position, stream, version, key, type, data, metadata, recorded_at)
        select head + row_number() over (order by w.place), w.stream, w.version, w.key, w.type, w.data, w.metadata,
            stamp
        from unnest(event_item, event_stream, event_version, event_key, event_type, event_data, event_metadata)
            with ordinality as w (item, stream, version, key, type, data, metadata, place)
        where w.item <> all (refused);
        get diagnostics appended = row_count;
        answers := array(
            select case when w.item <> all (refused)
                then head + sum(count(*) filter (where w.item <> all (refused))) over (order by w.item)
                else already_appended(array_agg(w.stream), array_agg(w.version), array_agg(w.type), array_agg(w.data),
                    array_agg(w.metadata))
            end
            from unnest(event_item, event_stream, event_version, event_type, event_data, event_metadata)
                as w (item, stream, version, type, data, metadata)
            group by w.item order by w.item
        );
    end if;

    if deadline_item <> '{}' then
        delete from deadlines d using unnest(deadline_item, deadline_stream, deadline_kind, deadline_due_at)
            as w (item, stream, kind, due_at)
        where w.due_at is null and w.item <> all (refused) and d.stream = w.stream and d.kind = w.kind;
        insert into deadlines as d (stream, kind, due_at, key)
        select w.stream, w.kind, w.due_at, w.key
        from unnest(deadline_item, deadline_stream, deadline_kind, deadline_due_at, deadline_key)
            as w (item, stream, kind, due_at, key)
        where w.due_at is not null and w.item <> all (refused)
        order by w.stream, w.kind
        on conflict (stream, kind) do update set due_at = excluded.due_at, key = excluded.key;
    end if;

    if personal_item <> '{}' then
        insert into personal (ref, subject, kind, body)
        select w.ref, w.subject, w.kind, w.body
        from unnest(personal_item, personal_ref, personal_subject, personal_kind, personal_body)
            as w (item, ref, subject, kind, body)
        where w.item <> all (refused)
        on conflict (ref) do nothing;
    end if;

    if appended > 0 then
        perform pg_notify('makewhole_log', (head + appended)::text);
    end if;
    return answers;
end $$;

create function already_appended(streams text[], versions integer[], types text[], datas jsonb[], metadatas jsonb[])
returns bigint language sql stable as $$
    select case when count(*) = cardinality(streams) then max(e.position) end
    from unnest(streams, versions, types, datas, metadatas) as w (stream, version, type, data, metadata)
    join events e on e.stream = w.stream and e.version = w.version and e.type = w.type and e.data = w.data
        and e.metadata = w.metadata
$$;
"""

# What an application may do, as a role without login: whoever connects is made a member (`grant makewhole_app to
# <login>`), and the event store sets the role where it can. Roles belong to the whole server, so another database's
# migration may have made it; without the right to make roles the server's administrator does (`create role
# makewhole_app nologin`) and this revision's grants are skipped.
ROLE = """
do $$
begin
    create role makewhole_app nologin;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then raise notice 'role makewhole_app is left to the administrator';
end $$;
do $$
begin
    if not exists (select from pg_roles where rolname = 'makewhole_app') then
        return;
    end if;
    if not pg_has_role(current_user, 'makewhole_app', 'set') then
        begin
            execute format('grant makewhole_app to %I', current_user);
        exception when insufficient_privilege then null;
        end;
    end if;
    grant usage on schema public to makewhole_app;
    grant select, insert on events to makewhole_app;
    grant select on log to makewhole_app;
    grant select, insert, update, delete on deadlines, checkpoints, personal, parked, parked_events to makewhole_app;
    alter default privileges in schema public grant select, insert, update, delete on tables to makewhole_app;
end $$;
"""


# After a restore from a backup, once and before any process of the service starts: the log becomes another one that
# shares what it holds with its former self, so that who has seen no more follows on, and who has seen more stops.
LIVES = """
create function begin_another_life() returns uuid language plpgsql as $$
declare
    born uuid := gen_random_uuid();
begin
    perform pg_advisory_xact_lock(7001);
    update log set
        lineage = rtrim(format('%s@%s %s', log_id, (select coalesce(max(position), 0) from events), lineage)),
        log_id = born;
    return born;
end $$;
"""


def create_event_store() -> None:
    """Makes the tables, the log's row, its functions and the application's role."""
    for part in (TABLES, GUARDS, APPEND, LIVES, ROLE):
        for statement in statements(part):
            op.execute(statement)
    made_for = text("insert into log (partitions) values (:partitions)")
    op.execute(made_for.bindparams(partitions=context.config.attributes["partitions"]))


def statements(script: str) -> list[str]:
    """The statements of a script, of which none has a line that ends in a semicolon without ending the statement, but
    within `$$`.
    """
    found, open_quote = [""], False
    for line in script.splitlines(keepends=True):
        found[-1] += line
        open_quote ^= line.count("$$") % 2 == 1
        if line.rstrip().endswith(";") and not open_quote:
            found.append("")
    return [statement.strip() for statement in found if statement.strip()]
