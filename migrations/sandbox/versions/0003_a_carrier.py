"""The sandbox's carrier: the labels that it has sold, and what it tells of their parcels."""

from alembic import op

from migrations.event_store import script, statements

revision = "0003"
down_revision = "0002"

CARRIER = """
create table carrier_labels (
    id              bigint generated always as identity primary key,
    idempotency_key text collate "C" not null unique,
    reference       text collate "C" not null,
    tracking_number text collate "C" unique,
    at              timestamptz not null,
    void_at         timestamptz
);
comment on table carrier_labels is 'by the key under which each was bought, once; the number follows from the id';

create table carrier_scans (
    id              bigint generated always as identity primary key,
    tracking_number text collate "C" not null references carrier_labels (tracking_number),
    kind            text not null,
    at              timestamptz not null
);
create index carrier_scans_parcel on carrier_scans (tracking_number, id);
comment on table carrier_scans is 'what the carrier tells of its parcels, in order';
"""

GRANTS = """
do $$
begin
    if exists (select from pg_roles where rolname = 'makewhole_app') then
        grant select, insert, update on carrier_labels, carrier_scans to makewhole_app;
    end if;
end $$;
"""


def upgrade() -> None:
    """Makes the carrier's tables."""
    for part in (CARRIER, script("application_role"), GRANTS):
        for statement in statements(part):
            op.execute(statement)
