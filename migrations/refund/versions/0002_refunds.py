"""The read model of the refund service: payments, their refunds, and what banks take back of them."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create table payments (
    order_id text collate "C" primary key,
    payment_id text not null,
    buyer_id text not null,
    seller_id text not null,
    method text not null
);
comment on table payments is 'whose money was captured for an order, and how it was paid';

create table captures (
    payment_id text collate "C",
    order_id text collate "C",
    primary key (payment_id, order_id)
);
comment on table captures is 'which orders a payment was captured for';

create table refunds (
    refund_id text collate "C" primary key,
    position bigint not null,
    order_id text collate "C" not null,
    dispute_id text,
    return_id text,
    goodwill_id text,
    replaces text,
    replaced_by text,
    seller_id text,
    state text not null,
    source text,
    amount bigint not null,
    currency text not null,
    exponent integer not null,
    destination text,
    requested_at timestamptz not null,
    issued_at timestamptz,
    expected_from timestamptz,
    expected_until timestamptz,
    settled_at timestamptz,
    provider_ref text,
    differs text[] not null default '{}',
    returned_at timestamptz,
    failures integer not null default 0,
    reason text,
    retry_at timestamptz,
    in_doubt bigint not null default 0,
    paid_twice boolean not null default false
);
comment on table refunds is 'where the money of each refund is';
comment on column refunds.replaces is 'the refused refund that it is asked for in the place of';
comment on column refunds.returned_at is 'when the bank last sent its money back';
comment on column refunds.replaced_by is 'as which it is asked for again';
comment on column refunds.provider_ref is 'what the provider calls its payment, or the bank one by hand';
comment on column refunds.differs is 'what is not as asked in its answer';
comment on column refunds.in_doubt is 'of what was given up: was it paid?';
comment on column refunds.paid_twice is 'has the provider paid what people had paid by hand?';
comment on column refunds.seller_id is 'null where the refund names none, then it is the payment''s';
create index refunds_order on refunds (order_id, requested_at desc, refund_id desc);
create index refunds_dispute on refunds (dispute_id, requested_at desc, refund_id desc);
create index refunds_return on refunds (return_id);
create index refunds_seller on refunds (seller_id);
create index refunds_state on refunds (state, requested_at desc, refund_id desc);
create index refunds_in_doubt on refunds (requested_at desc, refund_id desc) where in_doubt > 0;
create index refunds_paid_twice on refunds (requested_at desc, refund_id desc) where paid_twice;
create index refunds_newest on refunds (requested_at desc, refund_id desc);
create index payments_buyer on payments (buyer_id);
create index payments_seller on payments (seller_id);

create table chargebacks (
    chargeback_id text collate "C" primary key,
    position bigint not null,
    order_id text collate "C" not null,
    payment_id text not null,
    buyer_id text not null,
    seller_id text not null,
    state text not null,
    amount bigint not null,
    currency text not null,
    exponent integer not null,
    reason_code text,
    opened_at timestamptz not null,
    resolved_at timestamptz,
    representment text
);
comment on table chargebacks is 'what buyers'' banks take back of payments';
comment on column chargebacks.representment is 'whether the bank is to be told of a refund, null where of none';
create index chargebacks_order on chargebacks (order_id, opened_at desc, chargeback_id desc);
create index chargebacks_seller on chargebacks (seller_id, opened_at desc, chargeback_id desc);
create index chargebacks_state on chargebacks (state, opened_at desc, chargeback_id desc);
create index chargebacks_representment on chargebacks (representment, opened_at desc, chargeback_id desc);
create index chargebacks_newest on chargebacks (opened_at desc, chargeback_id desc)
"""


def upgrade() -> None:
    """Makes the tables that the projection keeps."""
    for statement in TABLES.split(";"):
        op.execute(statement)
