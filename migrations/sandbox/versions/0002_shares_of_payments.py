"""One payment may be for several orders, and be taken bit by bit: its shares by order, and what was taken of each."""

from alembic import op

from migrations.event_store import script, statements

revision = "0002"
down_revision = "0001"

SHARES = """
drop index ledger_one_capture;
alter table payments drop constraint payments_pkey;
alter table payments add primary key (payment_id, order_id);

create table captures (
    payment_id text collate "C" not null,
    order_id   text collate "C" not null,
    capture_id text collate "C" not null,
    minor      bigint not null check (minor > 0),
    currency   text not null,
    exponent   smallint not null,
    at         timestamptz not null,
    primary key (payment_id, order_id, capture_id)
);
comment on column captures.capture_id is 'empty for what was taken with the payment itself';
insert into captures select payment_id, order_id, '', captured, currency, exponent, at from payments;
"""

GRANTS = """
do $$
begin
    if exists (select from pg_roles where rolname = 'makewhole_app') then
        grant select, insert, update on captures to makewhole_app;
    end if;
end $$;
"""


def upgrade() -> None:
    """Gives every payment that is there its one share, and its one capture."""
    for part in (SHARES, script("application_role"), GRANTS):
        for statement in statements(part):
            op.execute(statement)
