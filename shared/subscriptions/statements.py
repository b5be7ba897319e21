"""SQL statements: SQLAlchemy Core compiled once to asyncpg's text with $1, $2, and named values.

SQLAlchemy makes the texts, the pools stay asyncpg's: its own execution costs more than most of these statements.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Statement:
    """The text, and the name of the value that stands at each place."""

    text: str
    names: tuple[str, ...]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of their places; names that the text has no place for are passed over."""
        return [values[name] for name in self.names]

    async def fetch(self, pool: Pool, **values: Any) -> list[dict[str, Any]]:
        """The rows that it finds with these values."""
        return [dict(row) for row in await pool.fetch(self.text, *self.arguments(values))]

    async def execute(self, connection: Connection, **values: Any) -> None:
        """Runs it with these values."""
        await connection.execute(self.text, *self.arguments(values))


def compiled(statement: ClauseElement, columns: Collection[str] | None = None) -> Statement:
    """The statement's text; every value in it is a `bindparam`. An insert or an update may name the columns it writes
    instead.
    """
    found = statement.compile(dialect=_DIALECT, column_keys=list(columns) if columns else None)
    assert isinstance(found, SQLCompiler)
    return Statement(str(found), tuple(found.positiontup or ()))
