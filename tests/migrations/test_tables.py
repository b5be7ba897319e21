"""The read models' tables as the code describes them and as the migrations make them: Alembic finds no difference."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from dispute.read_models import tables as dispute_tables
from migrations.event_store import OBJECTS, script
from refund.read_models import tables as refund_tables
from return_label.read_models import tables as return_tables

Migrated = Callable[[str], Awaitable[str]]
DESCRIBED = {
    "dispute": dispute_tables.metadata,
    "refund": refund_tables.metadata,
    "return_label": return_tables.metadata,
}
EVENT_STORE = {"alembic_version", *re.findall(r"^create table (\w+)", "\n".join(map(script, OBJECTS)), re.MULTILINE)}
MARKS = {"label_marks"}
"""What was asked of a carrier, which no event says."""


def a_read_model(name: str | None, kind: str, _: object) -> bool:
    """Whether Alembic is to look: also at a table that nobody described, but at none of the event store's, nor at what
    is no reading of events.
    """
    return kind != "table" or name not in EVENT_STORE | MARKS


async def differences(dsn: str, described: MetaData) -> list[Any]:
    """What a new revision would have to change in the database, so that it is as described."""

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True, "include_name": a_read_model}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), described)
        return found

    engine = create_async_engine(make_url(dsn).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


async def create(dsn: str, described: MetaData) -> None:
    engine = create_async_engine(make_url(dsn).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(described.create_all)
    finally:
        await engine.dispose()


async def catalogue(dsn: str, names: list[str]) -> set[tuple[Any, ...]]:
    """Every index as a statement and every column's collation: Alembic compares neither a condition nor a collation."""
    connection = await asyncpg.connect(dsn)
    try:
        return {tuple(row) for row in await connection.fetch(CATALOGUE, names)}
    finally:
        await connection.close()


CATALOGUE = """
select tablename, indexname, indexdef from pg_indexes where tablename = any($1)
union all
select table_name, column_name, collation_name from information_schema.columns where table_name = any($1)
"""


async def change(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", DESCRIBED)
async def test_the_migrations_make_the_tables_that_the_code_describes(migrated: Migrated, service: str) -> None:
    assert await differences(await migrated(service), DESCRIBED[service]) == []


@pytest.mark.parametrize("service", DESCRIBED)
async def test_indexes_and_collations_are_the_described_ones_to_the_letter(
    migrated: Migrated, empty_database: str, service: str
) -> None:
    names = list(DESCRIBED[service].tables)
    await create(empty_database, DESCRIBED[service])
    assert await catalogue(await migrated(service), names) == await catalogue(empty_database, names)


@pytest.mark.parametrize(
    "statement",
    [
        "drop index disputes_due; create index disputes_due on disputes (next_due_at)",
        "drop index disputes_opened; create index disputes_opened on disputes (opened_at, dispute_id)",
        'alter table order_status_lines alter line_id type text collate "default"',
    ],
)
async def test_a_condition_an_order_and_a_collation_that_differ_are_found(
    migrated: Migrated, empty_database: str, statement: str
) -> None:
    dsn, names = await migrated("dispute"), list(dispute_tables.metadata.tables)
    await create(empty_database, dispute_tables.metadata)
    await change(dsn, statement)
    assert await catalogue(dsn, names) != await catalogue(empty_database, names)


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("alter table refunds add paid_by text", "remove_column"),
        ("alter table refunds drop retry_at", "add_column"),
        ("alter table refunds alter failures type bigint", "modify_type"),
        ("alter table refunds alter failures set default 1", "modify_default"),
        ("alter table refunds alter failures drop default", "modify_default"),
        ("alter table refunds alter failures drop not null", "modify_nullable"),
        ("comment on column refunds.seller_id is 'another'", "modify_comment"),
        ("comment on table refunds is 'another'", "add_table_comment"),
        ("drop index refunds_seller", "add_index"),
        ("create index refunds_outcome on refunds (state)", "remove_index"),
        ("drop index payments_buyer; create index payments_buyer on payments (seller_id)", "remove_index"),
        ("create table fees (fee_id text primary key)", "remove_table"),
        ("drop table payments", "add_table"),
    ],
)
async def test_a_database_that_differs_is_found(migrated: Migrated, statement: str, difference: str) -> None:
    dsn = await migrated("refund")
    await change(dsn, statement)
    assert difference in str(await differences(dsn, refund_tables.metadata))
