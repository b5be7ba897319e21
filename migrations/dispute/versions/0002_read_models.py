"""The read models of the dispute service, and the copies of what was sent as evidence."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create table order_status (
    order_id text collate "C" primary key,
    version integer not null,
    position bigint not null,
    buyer_id text,
    seller_ids text[] not null default '{}',
    programme text,
    currency text,
    exponent integer,
    placed_at timestamptz,
    promised_by date,
    paid_at timestamptz,
    protection_ends_at timestamptz,
    expired boolean not null default false,
    release_at timestamptz,
    completed boolean not null default false
);
comment on table order_status is
    'whose an order is, until when it is protected, and when its money goes to the sellers';

create table order_status_lines (
    order_id text collate "C" not null,
    line_id text collate "C" not null,
    sku text collate "C" not null default '',
    cap bigint not null,
    refunded bigint not null default 0,
    released bigint,
    held_by text[] not null default '{}',
    asked_of_seller text[] not null default '{}',
    reclaimed bigint not null default 0,
    charged_back bigint not null default 0,
    primary key (order_id, line_id)
);
comment on table order_status_lines is 'what became of the money of an order''s lines, in the order''s minor units';

create table disputes (
    dispute_id text collate "C" primary key,
    version integer not null,
    position bigint not null,
    order_id text not null,
    buyer_id text not null,
    seller_id text not null,
    state text not null,
    fulfilment text not null,
    reason text not null,
    solution_type text not null,
    amount bigint not null,
    currency text not null,
    exponent integer not null,
    opened_at timestamptz not null,
    next_due_at timestamptz,
    charged_back_by text[] not null default '{}',
    answer_by timestamptz,
    negotiate_until timestamptz,
    refund_id text,
    refund_outcome text,
    refunded bigint,
    return_id text,
    return_outcome text,
    return_event text,
    close_reason text,
    closed_at timestamptz,
    reviewer text,
    reviewed_since timestamptz,
    asked text[] not null default '{}',
    result_amount bigint,
    result_reason text,
    reached_type text,
    result_rules text[],
    result_at timestamptz,
    proposed_until timestamptz,
    replacement_sent boolean not null default false
);
comment on table disputes is 'one row a dispute, as far as lists and the order show it';
create index disputes_order on disputes (order_id);
create index disputes_buyer on disputes (buyer_id, opened_at desc, dispute_id desc);
create index disputes_seller on disputes (seller_id, opened_at desc, dispute_id desc);
create index disputes_opened on disputes (opened_at desc, dispute_id desc);
create index disputes_due on disputes (next_due_at) where next_due_at is not null;
create index disputes_queue on disputes (next_due_at, dispute_id)
    where state = any (array['escalated', 'under_review', 'appeal_review']);

create table clawbacks (
    clawback_id text collate "C" primary key,
    position bigint not null,
    dispute_id text collate "C" not null,
    order_id text not null,
    payment_id text not null,
    party text not null,
    state text not null,
    amount bigint not null,
    currency text not null,
    exponent integer not null,
    asked_at timestamptz not null,
    ended_at timestamptz,
    reason_code text
);
comment on table clawbacks is 'what disputes ask back of a party, and what became of it';
create index clawbacks_order on clawbacks (order_id, asked_at desc, clawback_id desc);
create index clawbacks_state on clawbacks (state, asked_at desc, clawback_id desc);
create index clawbacks_newest on clawbacks (asked_at desc, clawback_id desc);

create table return_reasons (
    return_id text collate "C" not null,
    line_id text collate "C" not null,
    position bigint not null,
    order_id text collate "C" not null,
    dispute_id text collate "C",
    seller_id text not null,
    kind text not null,
    reason text collate "C" not null,
    month text collate "C" not null,
    quantity integer not null,
    primary key (return_id, line_id)
);
comment on table return_reasons is 'why each line was to go back, by the calendar month in which that was asked';
create index return_reasons_seller on return_reasons (seller_id, month);
create index return_reasons_month on return_reasons (month);

create table warranties (
    warranty_id text collate "C" primary key,
    version integer not null,
    position bigint not null,
    order_id text collate "C" not null,
    buyer_id text not null,
    seller_id text not null,
    line_id text collate "C" not null,
    quantity integer not null,
    state text not null,
    opened_at timestamptz not null,
    due_at timestamptz,
    overdue integer not null default 0
);
comment on table warranties is
    'one row a warranty claim: whose, how far it is, and how often its assessment was over its time';
create index warranties_order on warranties (order_id);
create index warranties_buyer on warranties (buyer_id, opened_at desc, warranty_id desc);
create index warranties_seller on warranties (seller_id, opened_at desc, warranty_id desc);
create index warranties_newest on warranties (opened_at desc, warranty_id desc);
create index warranties_overdue on warranties (opened_at desc, warranty_id desc)
    where overdue > 0 and due_at is not null;

create table goodwill_clawbacks (
    clawback_id text collate "C" primary key,
    position bigint not null,
    order_id text collate "C" not null,
    payment_id text not null,
    party text not null,
    state text not null,
    amount bigint not null,
    currency text not null,
    exponent integer not null,
    asked_at timestamptz not null,
    ended_at timestamptz,
    reason_code text
);
comment on table goodwill_clawbacks is 'what sellers were paid and want to give, which is asked of them first';
create index goodwill_clawbacks_order on goodwill_clawbacks (order_id, asked_at desc, clawback_id desc);
create index goodwill_clawbacks_state on goodwill_clawbacks (state, asked_at desc, clawback_id desc);
create index goodwill_clawbacks_newest on goodwill_clawbacks (asked_at desc, clawback_id desc);

create table evidence (
    evidence_id text collate "C" primary key,
    version integer not null,
    position bigint not null,
    order_id text not null,
    party_id text not null,
    sha256 text not null,
    state text not null,
    dispute_id text,
    sent_at timestamptz not null,
    expires_at timestamptz not null
);
comment on table evidence is 'one row an item of evidence: whose, what content, and whether a form has named it';
create index evidence_order on evidence (order_id, party_id);

create table evidence_bytes (
    name text collate "C" primary key,
    sha256 text not null,
    look_at timestamptz,
    unwanted_at timestamptz
);
comment on table evidence_bytes is
    'copies in the object storage: of what, when to look whether it is wanted, and since when it is not';
create index events_evidence on events ((data -> 'item' ->> 'sha256')) where version = 1 and stream like 'evidence-%';
create unique index evidence_bytes_copy on evidence_bytes (sha256) where unwanted_at is null;
create index evidence_bytes_due on evidence_bytes (look_at) where look_at is not null;
create index evidence_bytes_unwanted on evidence_bytes (unwanted_at) where unwanted_at is not null;

create table dispute_history (
    dispute_id text collate "C" not null,
    version integer not null,
    position bigint not null,
    at timestamptz not null,
    actor text not null,
    action text not null,
    rules text[] not null,
    detail jsonb not null,
    primary key (dispute_id, version)
);
comment on table dispute_history is 'who did what when in a dispute, one row an event';
"""


def upgrade() -> None:
    """Makes the tables that the projections keep, and the one of evidence bytes."""
    for statement in TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
