"""The event store's tables as SQLAlchemy Core sees them; the DDL itself is `migrations/event_store.py`, and a test compares the two."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

METADATA = MetaData()
INSTANT = DateTime(timezone=True)

# Bytewise comparison: quicker than a locale's, and no operating system upgrade can spoil the index.
NAME = Text(collation="C")

# The channel on which the append function announces a batch: payload = the log's last position. A hint only; readers also poll.
LOG_CHANNEL = "makewhole_log"
# Advisory lock keys of a service's database (such locks hold within one database).
LOG_LOCK = 7_001  # append function: held from its first statement to commit
RELAY_LOCK = 7_002  # relay: a session's lock, one relay at a time
MIGRATION_LOCK = 7_003

events = Table(
    "events",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", NAME, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("metadata", JSONB, nullable=False),
    Column("recorded_at", INSTANT, nullable=False),
    UniqueConstraint("stream", "version", name="events_stream_version_key"),
    comment="the log: insert only, position without a hole and in commit order",
)

log = Table(
    "log",
    METADATA,
    Column("log_id", UUID(as_uuid=True), nullable=False, server_default=text("gen_random_uuid()")),
    Column("created_at", INSTANT, nullable=False, server_default=text("clock_timestamp()")),
    Index("log_one_row", text("(true)"), unique=True),
    comment="which log this is; a restore changes log_id, so that followers notice",
)

deadlines = Table(
    "deadlines",
    METADATA,
    Column("stream", NAME, primary_key=True),
    Column("kind", NAME, primary_key=True),
    Column("due_at", INSTANT, nullable=False),
    Column("key", Text, nullable=False),
    Index("deadlines_due_at", "due_at"),
    comment="what is due when; written by the append function alone, deleted also by the due loop where nothing was decided",
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("subscription", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("log_id", UUID(as_uuid=True)),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    Column("next_offset", BigInteger, nullable=False, server_default=text("0")),
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    comment="how far a follower got; the relay is subscription 'relay', partition -1",
)

personal = Table(
    "personal",
    METADATA,
    Column("ref", NAME, primary_key=True),
    Column("subject", NAME, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False, server_default=text("clock_timestamp()")),
    Index("personal_subject", "subject"),
    comment="text about people, which events name by ref alone, so that it can be erased",
)

parked = Table(
    "parked",
    METADATA,
    Column("subscription", Text, primary_key=True),
    Column("stream", NAME, primary_key=True),
    Column("from_position", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("parked_at", INSTANT, nullable=False, server_default=text("clock_timestamp()")),
    comment="streams that a subscription has laid aside because an event of theirs could not be handled",
)

parked_events = Table(
    "parked_events",
    METADATA,
    Column("subscription", Text, primary_key=True),
    Column("stream", NAME, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("key", LargeBinary),
    Column("headers", JSONB, nullable=False),
    Column("value", LargeBinary, nullable=False),
    ForeignKeyConstraint(["subscription", "stream"], ["parked.subscription", "parked.stream"], ondelete="CASCADE", name="parked_events_parked_fkey"),
    comment="the records of a parked stream, as they came, in order; headers are a list of [name, text]",
)
