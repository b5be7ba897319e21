"""The outside world that the sandbox keeps: its clock, the identity provider's key, the payment provider's books."""

from alembic import op

from migrations.event_store import script, statements

revision = "0001"
down_revision = None

CLOCK = """
create table clock (
    offset_us bigint not null default 0 check (offset_us >= 0),
    revision  bigint not null default 0
);
create unique index clock_one_row on clock ((true));
comment on table clock is 'how far the domain''s time is ahead of real time; it never goes back';
insert into clock default values;

create function clock_goes_forwards() returns trigger language plpgsql as $$
begin
    if new.offset_us < old.offset_us or new.revision <= old.revision then
        raise exception 'the clock goes forwards only';
    end if;
    return new;
end $$;
create trigger clock_goes_forwards before update on clock for each row execute function clock_goes_forwards();
"""

IDENTITY = """
create table signing_key (
    kid         text not null,
    private_pem text not null,
    created_at  timestamptz not null default clock_timestamp()
);
create unique index signing_key_one_row on signing_key ((true));
comment on table signing_key is 'kept, so that a restart leaves the tokens valid';
"""

PAYMENTS = """
create table payments (
    payment_id text collate "C" primary key,
    order_id   text collate "C" not null,
    currency   text not null,
    exponent   smallint not null,
    captured   bigint not null check (captured > 0),
    refunded   bigint not null default 0,
    at         timestamptz not null,
    constraint never_more_than_captured check (refunded between 0 and captured)
);

create table refunds (
    id              bigint generated always as identity primary key,
    idempotency_key text collate "C" not null,
    request_hash    text not null,
    refund_id       text collate "C" not null,
    payment_id      text collate "C" not null,
    order_id        text collate "C" not null,
    destination     text not null,
    minor           bigint not null,
    currency        text not null,
    exponent        smallint not null,
    declined        text,
    bank            text check (bank in ('settled', 'returned')),
    pending         boolean not null default false,
    at              timestamptz not null,
    asked_at        timestamptz not null default clock_timestamp(),
    key_forgotten   boolean not null default false
);
create unique index refunds_known_key on refunds (idempotency_key) where not key_forgotten;
create index refunds_refund_id on refunds (refund_id);
comment on table refunds is 'the first answer to each idempotency key; declined holds the code where no money moved';
comment on column refunds.bank is 'what a test made the bank do with the money; by itself it credits it';
comment on column refunds.pending is 'taken from the payment, and booked once it is done';
comment on column refunds.asked_at is 'real time, not the domain''s: a key is known for 24 hours';

create table ledger (
    id              bigint generated always as identity primary key,
    kind            text not null
        check (kind in ('capture', 'refund', 'return', 'chargeback', 'chargeback_reversed')),
    order_id        text collate "C" not null,
    payment_id      text collate "C" not null,
    refund_id       text collate "C",
    idempotency_key text collate "C",
    destination     text,
    minor           bigint not null,
    currency        text not null,
    exponent        smallint not null,
    at              timestamptz not null
);
create unique index ledger_one_capture on ledger (payment_id) where kind = 'capture';
create index ledger_order on ledger (order_id);
create index ledger_payment on ledger (payment_id);
comment on table ledger is 'every movement of money, insert only: what tests compare the events with';

create table chargebacks (
    chargeback_id   text collate "C" primary key,
    payment_id      text collate "C" not null,
    order_id        text collate "C" not null,
    minor           bigint not null,
    currency        text not null,
    exponent        smallint not null,
    reason_code     text,
    at              timestamptz not null,
    result          text check (result in ('buyer_paid', 'buyer_not_paid')),
    decided_at      timestamptz
);
create index chargebacks_payment on chargebacks (payment_id);
comment on table chargebacks is 'what buyers'' banks take back, on demand';

create function ledger_is_insert_only() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is insert only';
end $$;
create trigger ledger_is_insert_only before update or delete or truncate on ledger for each statement
    execute function ledger_is_insert_only();
"""

GRANTS = """
do $$
begin
    if exists (select from pg_roles where rolname = 'makewhole_app') then
        grant select, insert, update on all tables in schema public to makewhole_app;
    end if;
end $$;
"""
"""The role is every service's, but only the sandbox's login may connect to this database."""


def upgrade() -> None:
    """Makes the sandbox's tables."""
    for part in (CLOCK, IDENTITY, PAYMENTS, script("application_role"), GRANTS):
        for statement in statements(part):
            op.execute(statement)
