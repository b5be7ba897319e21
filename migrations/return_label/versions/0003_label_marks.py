"""Marks of labels that are bought of a carrier that keeps no keys: what was asked of it is asked once."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
create table label_marks (
    label_id text collate "C" primary key,
    begun_at timestamptz not null default clock_timestamp(),
    tracking_number text,
    document text,
    void_asked boolean not null default false,
    void boolean not null default false
);
comment on table label_marks is 'what was asked of a carrier that keeps no keys, before it was asked';
comment on column label_marks.tracking_number is 'null as long as nobody knows what became of the call';
comment on column label_marks.document is 'the media type of the document that the carrier has drawn'
"""


def upgrade() -> None:
    """Makes the table."""
    for statement in TABLES.split(";"):
        op.execute(statement)
