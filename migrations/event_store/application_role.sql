-- What an application may do, as a role without login: whoever connects is made a member (`grant makewhole_app to
-- <login>`), and the event store sets the role where it can. Roles belong to the whole server, so another database's
-- migration may have made it; without the right to make roles the server's administrator does (`create role
-- makewhole_app nologin`) and the grants that follow are skipped.
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
end $$;
