"""The tables that the projection keeps and the lists read; the migrations make them, and a test holds both equal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

# Ids sort and compare by their bytes, whatever the database's language.
ID = Text(collation="C")
INSTANT = DateTime(timezone=True)

payments = Table(
    "payments",
    metadata,
    Column("order_id", ID, primary_key=True),
    Column("payment_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("method", Text, nullable=False),
    Index("payments_buyer", "buyer_id"),
    Index("payments_seller", "seller_id"),
    comment="whose money was captured for an order, and how it was paid",
)

captures = Table(
    "captures",
    metadata,
    Column("payment_id", ID, primary_key=True),
    Column("order_id", ID, primary_key=True),
    comment="which orders a payment was captured for",
)

refunds = Table(
    "refunds",
    metadata,
    Column("refund_id", ID, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("order_id", ID, nullable=False),
    Column("dispute_id", Text),
    Column("return_id", Text),
    Column("goodwill_id", Text),
    Column("replaces", Text, comment="the refused refund that it is asked for in the place of"),
    Column("replaced_by", Text, comment="as which it is asked for again"),
    Column("seller_id", Text, comment="null where the refund names none, then it is the payment's"),
    Column("state", Text, nullable=False),
    Column("source", Text),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("exponent", Integer, nullable=False),
    Column("destination", Text),
    Column("requested_at", INSTANT, nullable=False),
    Column("issued_at", INSTANT),
    Column("expected_from", INSTANT),
    Column("expected_until", INSTANT),
    Column("settled_at", INSTANT),
    Column("provider_ref", Text, comment="what the provider calls its payment, or the bank one by hand"),
    Column("differs", ARRAY(Text), nullable=False, server_default="{}", comment="what is not as asked in its answer"),
    Column("returned_at", INSTANT, comment="when the bank last sent its money back"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
    Column("retry_at", INSTANT),
    Column("in_doubt", BigInteger, nullable=False, server_default="0", comment="of what was given up: was it paid?"),
    Column(
        "paid_twice",
        Boolean,
        nullable=False,
        server_default="false",
        comment="has the provider paid what people had paid by hand?",
    ),
    Index("refunds_order", "order_id", text("requested_at desc"), text("refund_id desc")),
    Index("refunds_dispute", "dispute_id", text("requested_at desc"), text("refund_id desc")),
    Index("refunds_return", "return_id"),
    Index("refunds_seller", "seller_id"),
    Index("refunds_state", "state", text("requested_at desc"), text("refund_id desc")),
    Index("refunds_in_doubt", text("requested_at desc"), text("refund_id desc"), postgresql_where=text("in_doubt > 0")),
    Index("refunds_paid_twice", text("requested_at desc"), text("refund_id desc"), postgresql_where=text("paid_twice")),
    Index("refunds_newest", text("requested_at desc"), text("refund_id desc")),
    comment="where the money of each refund is",
)

chargebacks = Table(
    "chargebacks",
    metadata,
    Column("chargeback_id", ID, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("order_id", ID, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("exponent", Integer, nullable=False),
    Column("reason_code", Text),
    Column("opened_at", INSTANT, nullable=False),
    Column("resolved_at", INSTANT),
    Column("representment", Text, comment="whether the bank is to be told of a refund, null where of none"),
    Index("chargebacks_order", "order_id", text("opened_at desc"), text("chargeback_id desc")),
    Index("chargebacks_seller", "seller_id", text("opened_at desc"), text("chargeback_id desc")),
    Index("chargebacks_state", "state", text("opened_at desc"), text("chargeback_id desc")),
    Index("chargebacks_representment", "representment", text("opened_at desc"), text("chargeback_id desc")),
    Index("chargebacks_newest", text("opened_at desc"), text("chargeback_id desc")),
    comment="what buyers' banks take back of payments",
)
