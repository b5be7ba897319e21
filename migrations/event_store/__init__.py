"""The event store's DDL: what every service's first revision makes, one file an object.

Frozen once released; a later change is a revision of its own.
"""

from importlib import resources

from alembic import context, op
from sqlalchemy import text

OBJECTS = (
    "events",
    "log",
    "deadlines",
    "checkpoints",
    "personal",
    "parked",
    "quarantine",
    "append_only",
    "interventions",
    "append_events",
    "renew_log",
    "notifications",
    "application_role",
    "application_grants",
)
"""The files of this folder, in the order in which they are made."""


def create_event_store() -> None:
    """Makes the tables, the log's row, its functions and the application's role."""
    for name in OBJECTS:
        for statement in statements(script(name)):
            op.execute(statement)
    made_for = text("insert into log (partitions) values (:partitions)")
    op.execute(made_for.bindparams(partitions=context.config.attributes["partitions"]))


def script(name: str) -> str:
    """The SQL of one object."""
    return resources.files(__name__).joinpath(f"{name}.sql").read_text("utf-8")


def statements(script: str) -> list[str]:
    """The statements of a script, of which none has a line that ends in a semicolon without ending the statement, but
    within `$$`.
    """
    found, open_quote = [""], False
    for line in script.splitlines(keepends=True):
        found[-1] += line
        open_quote ^= line.count("$$") % 2 == 1
        if line.rstrip().endswith(";") and not open_quote:
            found.append("")
    return [statement.strip() for statement in found if statement.strip()]
