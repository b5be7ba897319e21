-- After a restore from a backup, once and before any process of the service starts: the log becomes another one that
-- shares what it holds with its former self, so that who has seen no more follows on, and who has seen more stops.
create function renew_log() returns uuid language plpgsql as $$
declare
    born uuid := gen_random_uuid();
begin
    perform pg_advisory_xact_lock(7001);
    update log set
        lineage = rtrim(format('%s@%s %s', log_id, (select coalesce(max(position), 0) from events), lineage)),
        log_id = born;
    return born;
end $$;
