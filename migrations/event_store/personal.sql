create table personal (
    ref        text collate "C" primary key,
    subject    text collate "C" not null,
    kind       text not null,
    body       text not null,
    created_at timestamptz not null default clock_timestamp()
);
create index personal_subject on personal (subject);
comment on table personal is 'text about people, which events name by ref alone, so that it can be erased';
