-- One call appends a batch of items, each all or nothing, under the log's lock: so positions have no hole and follow
-- commit order. The lock must be a statement of its own, before the one that reads the last position: each statement of
-- a VOLATILE function takes its own snapshot under READ COMMITTED, and only one taken after the lock sees the former
-- holder's rows. Items number from 1 and have disjoint sets of streams; events stand in the order of their items. For
-- each item: the position of its last event, also where these very events are there already (the same call, sent again),
-- or null where a version is not the expected one. Deadlines hold one row per (stream, kind) and item, the last of its
-- events' wishes; due_at null clears it.
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
    stamp timestamptz;
    refused integer[];
    appended bigint;
    answers bigint[];
begin
    perform pg_advisory_xact_lock(7001);
    head := coalesce((select e.position from events e order by e.position desc limit 1), 0);
    stamp := clock_timestamp();

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
        perform pg_notify('makewhole_deadlines', extract(epoch from min(w.due_at))::text)
        from unnest(deadline_item, deadline_due_at) as w (item, due_at)
        where w.due_at is not null and w.item <> all (refused)
        having count(*) > 0;
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
