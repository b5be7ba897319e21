-- After a restore from a backup, or where a standby that lacked the last events was promoted: the log becomes another
-- one that shares with its former self what both hold, all of it or up to a position, so that who has seen no more
-- follows on, and who has seen more stops. `makewhole log renew` finds the position in the topic and calls it.
create function renew_log(up_to bigint default null) returns uuid language plpgsql as $$
declare
    born uuid := gen_random_uuid();
    same bigint;
begin
    perform pg_advisory_xact_lock(7001);
    select least(coalesce(up_to, max(position)), coalesce(max(position), 0)) into same from events;
    update log set
        log_id = born,
        lineage = (
            select string_agg(
                format('%s@%s', split_part(life, '@', 1), least(split_part(life, '@', 2)::bigint, same)), ' ' order by n
            )
            from string_to_table(rtrim(format('%s@%s %s', log_id, same, lineage)), ' ') with ordinality as former (life, n)
        );
    delete from checkpoints c using checkpoints relay
    where relay.subscription = 'relay' and relay.partition = -1 and relay.position > same
        and c.subscription = 'relay' and c.topic = relay.topic and c.partition >= 0;
    -- The relay's marks, and those of the read models beside it, speak of what both hold: they are of the new log too.
    update checkpoints c set log_id = born, lineage = log.lineage, epoch = c.epoch + 1,
        position = case when c.subscription = 'relay' and c.position > same then 0 else c.position end
    from checkpoints relay, log
    where relay.subscription = 'relay' and relay.partition = -1 and c.topic = relay.topic and c.log_id is not null
        and (c.position <= same or c.subscription = 'relay');
    return born;
end $$;
