"""The tables that the projections keep and the lists read; the migrations make them, and a test holds both equal."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

# Ids sort and compare by their bytes, whatever the database's language.
ID = Text(collation="C")
INSTANT = DateTime(timezone=True)

order_status = Table(
    "order_status",
    metadata,
    Column("order_id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("buyer_id", Text),
    Column("seller_ids", ARRAY(Text), nullable=False, server_default="{}"),
    Column("programme", Text),
    Column("currency", Text),
    Column("exponent", Integer),
    Column("placed_at", INSTANT),
    Column("promised_by", Date),
    Column("paid_at", INSTANT),
    Column("protection_ends_at", INSTANT),
    Column("expired", Boolean, nullable=False, server_default=false()),
    Column("release_at", INSTANT),
    Column("completed", Boolean, nullable=False, server_default=false()),
    comment="whose an order is, until when it is protected, and when its money goes to the sellers",
)

order_status_lines = Table(
    "order_status_lines",
    metadata,
    Column("order_id", ID, primary_key=True),
    Column("line_id", ID, primary_key=True),
    Column("cap", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    Column("released", BigInteger),
    Column("held_by", ARRAY(Text), nullable=False, server_default="{}"),
    Column("asked_of_seller", ARRAY(Text), nullable=False, server_default="{}"),
    Column("reclaimed", BigInteger, nullable=False, server_default="0"),
    Column("charged_back", BigInteger, nullable=False, server_default="0"),
    comment="what became of the money of an order's lines, in the order's minor units",
)

disputes = Table(
    "disputes",
    metadata,
    Column("dispute_id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("fulfilment", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("solution_type", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("exponent", Integer, nullable=False),
    Column("opened_at", INSTANT, nullable=False),
    Column("next_due_at", INSTANT),
    Column("charged_back_by", ARRAY(Text), nullable=False, server_default="{}"),
    Column("answer_by", INSTANT),
    Column("negotiate_until", INSTANT),
    Column("refund_id", Text),
    Column("refund_outcome", Text),
    Column("refunded", BigInteger),
    Column("return_id", Text),
    Column("return_outcome", Text),
    Column("return_event", Text),
    Column("close_reason", Text),
    Column("closed_at", INSTANT),
    Column("reviewer", Text),
    Column("reviewed_since", INSTANT),
    Column("asked", ARRAY(Text), nullable=False, server_default="{}"),
    Column("result_amount", BigInteger),
    Column("result_reason", Text),
    Column("reached_type", Text),
    Column("result_rules", ARRAY(Text)),
    Column("result_at", INSTANT),
    Column("proposed_until", INSTANT),
    Column("replacement_sent", Boolean, nullable=False, server_default=false()),
    Index("disputes_order", "order_id"),
    Index("disputes_buyer", "buyer_id", text("opened_at desc"), text("dispute_id desc")),
    Index("disputes_seller", "seller_id", text("opened_at desc"), text("dispute_id desc")),
    Index("disputes_opened", text("opened_at desc"), text("dispute_id desc")),
    Index("disputes_due", "next_due_at", postgresql_where=text("next_due_at is not null")),
    Index(
        "disputes_queue",
        "next_due_at",
        "dispute_id",
        postgresql_where=text("state = any (array['escalated', 'under_review', 'appeal_review'])"),
    ),
    comment="one row a dispute, as far as lists and the order show it",
)

clawbacks = Table(
    "clawbacks",
    metadata,
    Column("clawback_id", ID, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("dispute_id", ID, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("exponent", Integer, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("reason_code", Text),
    Index("clawbacks_order", "order_id", text("asked_at desc"), text("clawback_id desc")),
    Index("clawbacks_state", "state", text("asked_at desc"), text("clawback_id desc")),
    Index("clawbacks_newest", text("asked_at desc"), text("clawback_id desc")),
    comment="what disputes ask back of a party, and what became of it",
)

evidence = Table(
    "evidence",
    metadata,
    Column("evidence_id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("dispute_id", Text),
    Column("sent_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index("evidence_order", "order_id", "party_id"),
    comment="one row an item of evidence: whose, what content, and whether a form has named it",
)

evidence_bytes = Table(
    "evidence_bytes",
    metadata,
    Column("name", ID, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("look_at", INSTANT),
    Column("unwanted_at", INSTANT),
    Index("evidence_bytes_copy", "sha256", unique=True, postgresql_where=text("unwanted_at is null")),
    Index("evidence_bytes_due", "look_at", postgresql_where=text("look_at is not null")),
    Index("evidence_bytes_unwanted", "unwanted_at", postgresql_where=text("unwanted_at is not null")),
    comment="copies in the object storage: of what, when to look whether it is wanted, and since when it is not",
)
"""No read model: it is written beside the log, and stays through a rebuild."""

dispute_history = Table(
    "dispute_history",
    metadata,
    Column("dispute_id", ID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("rules", ARRAY(Text), nullable=False),
    Column("detail", JSONB, nullable=False),
    comment="who did what when in a dispute, one row an event",
)
