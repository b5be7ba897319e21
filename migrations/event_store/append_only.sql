-- History is not up for debate, not even for the owner of the table; statement triggers, so that they cost inserts
-- nothing.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: events are facts', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on events for each statement
    execute function refuse_change();
