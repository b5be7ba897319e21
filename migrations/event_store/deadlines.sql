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
