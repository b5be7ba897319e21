"""The event store of the refund service."""

from migrations.event_store import create_event_store

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the event store."""
    create_event_store()
