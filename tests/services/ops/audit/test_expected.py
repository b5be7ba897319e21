"""Expected rows on real tables: those that follow from the log pass, and each row that was tampered with is caught."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from ops.audit.check import Check
from ops.audit.deadlines import DeadlineCheck
from ops.audit.expected import MODELS
from ops.audit.log import LogCheck
from ops.audit.read_models import ModelCheck
from ops.audit.snapshot import open_snapshot
from tests.support.audit_databases import DECIDERS, LIVES, lived, tamper

Migrated = Callable[[str], Awaitable[str]]
EARLY = datetime(2020, 1, 1, tzinfo=UTC)


async def checked(service: str, dsn: str, now: datetime = EARLY) -> dict[str, Check]:
    """What the audit makes of the database, by the check's name."""
    async with open_snapshot(dsn) as snapshot:
        head = await snapshot.head()
        log = LogCheck(service)
        models = [ModelCheck(model, await snapshot.rows(model), head) for model in MODELS[service]]
        deadlines = DeadlineCheck(service, await snapshot.deadlines(), now, DECIDERS[service])
        async for entry in snapshot.entries():
            log.add(entry)
            deadlines.add(entry.recorded())
            for model in models:
                model.add(entry.recorded())
    return {check.name: check for check in (log.result(), *(model.result() for model in models), deadlines.result())}


@pytest.mark.parametrize("service", LIVES)
async def test_tables_that_follow_from_the_log_have_no_fault(migrated: Migrated, service: str) -> None:
    dsn = await migrated(service)
    await lived(service, dsn)
    checks = await checked(service, dsn)
    assert [check.examples for check in checks.values()] == [[]] * len(checks)
    assert all(check.seen.get("rows", 1) for name, check in checks.items() if name != "deadlines dispute"), (
        "a table was empty"
    )


@pytest.mark.parametrize(
    ("service", "statement", "check", "fault"),
    [
        (
            "dispute",
            "update order_status set protection_ends_at = protection_ends_at + interval '1 day'",
            "read model order_status",
            "wrong",
        ),
        ("dispute", "update order_status set version = version - 1", "read model order_status", "wrong"),
        ("dispute", "update order_status set position = 1", "read model order_status", "behind"),
        ("dispute", "update order_status set seller_ids = '{}'", "read model order_status", "wrong"),
        ("dispute", "update order_status set shipped_at = null", "read model order_status", "wrong"),
        (
            "dispute",
            "update order_status_lines set refunded = refunded + 1 where line_id = 'l1'",
            "read model order_status",
            "wrong",
        ),
        (
            "dispute",
            "update order_status_lines set held_by = null where line_id = 'l2'",
            "read model order_status",
            "wrong",
        ),
        ("dispute", "delete from order_status_lines where line_id = 'l2'", "read model order_status", "wrong"),
        ("dispute", "delete from order_status", "read model order_status", "missing"),
        ("dispute", "update disputes set state = 'closed' where state = 'escalated'", "read model disputes", "wrong"),
        ("dispute", "update disputes set refunded = 0 where refunded > 0", "read model disputes", "wrong"),
        (
            "dispute",
            "update disputes set next_due_at = now() where state = 'escalated'",
            "read model disputes",
            "wrong",
        ),
        (
            "dispute",
            "update disputes set dispute_id = 'dsp_ghost' where state = 'escalated'",
            "read model disputes",
            "extra",
        ),
        ("dispute", "delete from disputes where state = 'escalated'", "read model disputes", "missing"),
        ("dispute", "delete from dispute_history where version = 2", "read model dispute_history", "missing"),
        (
            "dispute",
            "update dispute_history set actor = 'nobody' where version = 2",
            "read model dispute_history",
            "wrong",
        ),
        (
            "dispute",
            "update dispute_history set detail = '{}' where version = 3",
            "read model dispute_history",
            "wrong",
        ),
        ("dispute", "update dispute_history set version = 99 where version = 2", "read model dispute_history", "extra"),
        ("dispute", "delete from deadlines", "deadlines dispute", "missing"),
        ("dispute", "update deadlines set due_at = due_at + interval '1 second'", "deadlines dispute", "different"),
        ("dispute", "insert into deadlines values ('order-o9', 'release', now(), 'o9')", "deadlines dispute", "extra"),
        ("refund", "update refunds set state = 'issued' where refund_id = 'rfd_9a32'", "read model refunds", "wrong"),
        ("refund", "update refunds set retry_at = null where refund_id = 'rfd_9a32'", "read model refunds", "wrong"),
        ("refund", "update refunds set seller_id = null where refund_id = 'rfd_9a32'", "read model refunds", "wrong"),
        (
            "refund",
            "update refunds set amount = amount - 1 where refund_id = 'rfd_9a31'",
            "read model refunds",
            "wrong",
        ),
        ("refund", "delete from refunds where refund_id = 'rfd_9a33'", "read model refunds", "missing"),
        ("refund", "update payments set buyer_id = 'eve'", "read model payments", "wrong"),
        ("refund", "delete from deadlines", "deadlines refund", "missing"),
    ],
)
async def test_a_row_that_was_tampered_with_is_caught_by_its_check(
    migrated: Migrated, service: str, statement: str, check: str, fault: str
) -> None:
    dsn = await migrated(service)
    await lived(service, dsn)
    await tamper(dsn, statement)
    found = {name: result.faults for name, result in (await checked(service, dsn)).items() if not result.ok}
    assert list(found) == [check]
    assert found[check][fault]


async def test_a_log_that_lost_an_event_is_caught(migrated: Migrated) -> None:
    dsn = await migrated("refund")
    await lived("refund", dsn)
    await tamper(dsn, "alter table events disable trigger append_only")
    await tamper(dsn, "delete from events where position = 3")
    assert (await checked("refund", dsn))["log refund"].faults == {"holes": 1, "gaps": 1, "rekeyed": 0, "unreadable": 0}
