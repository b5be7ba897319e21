-- What the application's role may do with the event store's tables, and with those that later revisions make.
do $$
begin
    if not exists (select from pg_roles where rolname = 'makewhole_app') then
        return;
    end if;
    grant select, insert on events, interventions to makewhole_app;
    grant select on log, alembic_version to makewhole_app;
    grant select, insert, update, delete on deadlines, checkpoints, personal, parked, parked_events, quarantine
        to makewhole_app;
    alter default privileges in schema public grant select, insert, update, delete on tables to makewhole_app;
end $$;
