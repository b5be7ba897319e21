"""The table that the projection keeps and the list reads; the migrations make it, and a test holds both equal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

# Ids sort and compare by their bytes, whatever the database's language.
ID = Text(collation="C")
INSTANT = DateTime(timezone=True)
_NEWEST = (text("requested_at desc"), text("return_id desc"))

returns = Table(
    "returns",
    metadata,
    Column("return_id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("order_id", ID, nullable=False),
    Column("dispute_id", Text),
    Column("buyer_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("freight_payer", Text, nullable=False),
    Column("requested_at", INSTANT, nullable=False),
    Column("ship_by", INSTANT),
    Column(
        "tracking_numbers",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="those of its label and its parcel, as they are compared",
    ),
    Column(
        "not_cancelled",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="its labels that their carrier has not taken back: people look at them",
    ),
    Index("returns_order", "order_id", *_NEWEST),
    Index("returns_dispute", "dispute_id"),
    Index("returns_buyer", "buyer_id", *_NEWEST),
    Index("returns_seller", "seller_id", *_NEWEST),
    Index("returns_state", "state", *_NEWEST),
    Index("returns_newest", *_NEWEST),
    Index("returns_tracking", "tracking_numbers", postgresql_using="gin"),
    Index("returns_not_cancelled", *_NEWEST, postgresql_where=text("cardinality(not_cancelled) > 0")),
    comment="where the goods of each return are",
)
