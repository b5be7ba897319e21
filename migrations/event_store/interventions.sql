-- What a person did past the commands, and why: it is kept as events are.
create table interventions (
    number  bigint generated always as identity primary key,
    at      timestamptz not null default clock_timestamp(),
    who     text not null,
    command text not null,
    reason  text not null,
    detail  jsonb not null
);
comment on table interventions is 'what operators changed by hand, who they were and why: insert only';
create trigger append_only before update or delete or truncate on interventions for each statement
    execute function refuse_change();
