"""The read model of the return-label service: returns, by whose they are and by what their parcels are numbered."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create table returns (
    return_id text collate "C" primary key,
    version integer not null,
    position bigint not null,
    order_id text collate "C" not null,
    dispute_id text,
    buyer_id text not null,
    seller_id text not null,
    kind text not null,
    state text not null,
    reason text not null,
    freight_payer text not null,
    requested_at timestamptz not null,
    ship_by timestamptz,
    tracking_numbers text[] not null default '{}',
    not_cancelled text[] not null default '{}'
);
comment on table returns is 'where the goods of each return are';
comment on column returns.tracking_numbers is 'those of its label and its parcel, as they are compared';
comment on column returns.not_cancelled is 'its labels that their carrier has not taken back: people look at them';
create index returns_order on returns (order_id, requested_at desc, return_id desc);
create index returns_dispute on returns (dispute_id);
create index returns_buyer on returns (buyer_id, requested_at desc, return_id desc);
create index returns_seller on returns (seller_id, requested_at desc, return_id desc);
create index returns_state on returns (state, requested_at desc, return_id desc);
create index returns_newest on returns (requested_at desc, return_id desc);
create index returns_tracking on returns using gin (tracking_numbers);
create index returns_not_cancelled on returns (requested_at desc, return_id desc) where cardinality(not_cancelled) > 0
"""


def upgrade() -> None:
    """Makes the table that the projection keeps."""
    for statement in TABLES.split(";"):
        op.execute(statement)
