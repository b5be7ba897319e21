"""The audit of whole databases: what lived by the rules has no fault, and whatever is damaged in it is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.events.dispute import Decision
from tests.support.audit import audited, faults_of
from tests.support.audit_services import AuditedServices, credit, expire, live, movement, open_services
from tests.support.builders.disputes import open_dispute, respond
from tests.support.builders.orders import on, record, register
from tests.support.damaged_logs import changed, damage, keep, restore
from tests.support.servers.backing import Databases

Migrated = Callable[[str], Awaitable[str]]
Faults = dict[str, dict[str, int]]
NOW = on("Mar 21")


@pytest.fixture(scope="module")
async def services(databases: Databases) -> AsyncIterator[AuditedServices]:
    """A whole life, up to its last payout; what a test damages is put right behind it."""
    async with open_services(databases.migrated) as services:
        await live(services)
        await expire(services)
    for dsn in services.dsns.values():
        await keep(dsn)
    yield services
    for dsn in services.dsns.values():
        await databases.drop(dsn)


async def test_what_lived_by_the_rules_has_no_fault_before_and_after_its_end(migrated: Migrated) -> None:
    async with open_services(migrated) as services:
        await live(services)
        assert faults_of(await audited(services.dsns, services.movements, NOW)) == {}
        await expire(services)
        await credit(services)
        checks = await audited(services.dsns, services.movements, NOW + timedelta(days=400))
        assert faults_of(checks) == {}
        assert checks["ledger"].seen == {"refunds": 2, "payments": 2, "by_hand": 0, "effects": 2}
        assert checks["sagas"].seen["notes"] > 4


async def agreed(services: AuditedServices) -> None:
    """A refund that is to be paid."""
    accepted = respond(Decision.ACCEPT, on("Mar 13"))
    await services.tell("dispute", register(), record("shipped", on("Mar 1")), open_dispute(on("Mar 12")), accepted)


@pytest.mark.case("EH5", given="an approved refund whose pay: row is gone, 90 days later", right="missing, owed")
async def test_a_refund_that_nobody_will_ever_pay_is_found(migrated: Migrated, came: Any) -> None:
    async with open_services(migrated) as services:
        services.pays = False
        await agreed(services)
        assert faults_of(await audited(services.dsns, services.movements, on("Mar 13"))) == {}
        await damage(services.dsns["refund"], "delete from deadlines where kind like 'pay:%'")
        found = faults_of(await audited(services.dsns, services.movements, NOW + timedelta(days=90)))
    assert found["deadlines refund"] == {"missing": 1}
    assert found["promises refund"] == {"owed": 1}
    came("missing, owed")


@pytest.mark.case("EH5+1", given="a dispute whose D1 row is gone, years later", right="missing")
async def test_a_timer_that_will_never_fire_is_found(migrated: Migrated, came: Any) -> None:
    async with open_services(migrated) as services:
        await services.tell("dispute", register(), record("shipped", on("Mar 1")), open_dispute(on("Mar 12")))
        await damage(services.dsns["dispute"], "delete from deadlines where kind = 'seller_response'")
        assert faults_of(await audited(services.dsns, services.movements, on("Mar 12"))) == {
            "deadlines dispute": {"missing": 1}
        }
    came("missing")


@pytest.mark.case("EH5+9", given="a D1 row under another order's key", right="rekeyed")
async def test_a_timer_under_another_streams_key_is_found(migrated: Migrated, came: Any) -> None:
    """Its events would go to another partition than those before them."""
    async with open_services(migrated) as services:
        await services.tell("dispute", register(), record("shipped", on("Mar 1")), open_dispute(on("Mar 12")))
        await damage(services.dsns["dispute"], "update deadlines set key = 'o2' where kind = 'seller_response'")
        assert faults_of(await audited(services.dsns, services.movements, on("Mar 12"))) == {
            "deadlines dispute": {"rekeyed": 1}
        }
    came("rekeyed")


UNHEARD = {
    "EH5+2": ("ReturnInspected", "unnoted 1"),
    "EH5+3": ("RefundFailed", "unnoted 2, untold 1"),
    "EH5+4": ("ReturnReceived", "unnoted 1"),
    "EH5+5": ("RefundDue", "unanswered 2"),
    "EH5+6": ("ReturnDue", "unanswered 1"),
    "EH5+7": ("RefundIssued", "unnoted 4, untold 4"),
    "EH5+8": ("MessagePosted", "untold 1"),
}


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(event, marks=pytest.mark.case(case, given=f"a {event} that no policy hears", right=right), id=case)
        for case, (event, right) in UNHEARD.items()
    ],
)
async def test_what_one_service_says_and_another_never_hears_is_found(
    migrated: Migrated, event: str, came: Any
) -> None:
    async with open_services(migrated) as services:
        services.deaf_to = event
        await live(services)
        found = faults_of(await audited(services.dsns, services.movements, NOW))
    came(", ".join(f"{fault} {count}" for fault, count in found.get("sagas", {}).items()))


def read_model(name: str, fault: str = "wrong") -> Faults:
    return {f"read model {name}": {fault: 1}}


def appended(stream: str, like: str, more: str = "{}", command: str = "metadata") -> str:
    """A statement that appends a copy of the last such event to a stream, its data changed."""
    return f"""
        insert into events (position, stream, version, key, type, data, metadata, recorded_at)
        select (select max(position) + 1 from events), stream, (select max(version) + 1 from events
            where stream = e.stream), key, type, data || '{more}', {command}, clock_timestamp()
        from events e where stream like '{stream}' and type = 'makewhole.{like}.v1' order by position desc limit 1"""


NEW_COMMAND = "metadata || jsonb_build_object('command_id', gen_random_uuid())"
AMOUNT = '{"amount": {"amount": "0.01", "currency": "USD"}}'
LINES = '{"lines": [{"line_id": "l1", "amount": {"amount": "50.00", "currency": "USD"}}]}'
DAMAGES: Sequence[tuple[str, str, Faults]] = (
    # Tables beside the log.
    ("dispute", "delete from dispute_history where version = 2", {"read model dispute_history": {"missing": 2}}),
    ("dispute", "update dispute_history set detail = '{}' where action = 'dispute_opened'", {}),
    ("dispute", "update dispute_history set actor = 'nobody' where version = 1", {}),
    (
        "dispute",
        "update order_status set protection_ends_at = protection_ends_at + interval '1 day'",
        read_model("order_status"),
    ),
    ("dispute", "update order_status set position = 1", {"read model order_status": {"behind": 1, "wrong": 1}}),
    ("dispute", "update order_status set seller_ids = '{}'", read_model("order_status")),
    (
        "dispute",
        "update order_status_lines set refunded = refunded + 1 where line_id = 'l1'",
        read_model("order_status"),
    ),
    (
        "dispute",
        "update order_status_lines set held_by = '{dsp_ghost}' where line_id = 'l2'",
        read_model("order_status"),
    ),
    ("dispute", "delete from order_status_lines where line_id = 'l2'", read_model("order_status")),
    ("dispute", "delete from order_status", read_model("order_status", "missing")),
    ("dispute", "update disputes set refunded = refunded - 1 where amount = 2000", read_model("disputes")),
    (
        "dispute",
        "update disputes set dispute_id = 'dsp_ghost' where amount = 2000",
        {"read model disputes": {"extra": 1, "missing": 1}},
    ),
    ("dispute", "delete from disputes where amount = 2000", read_model("disputes", "missing")),
    ("dispute", "update return_reasons set quantity = quantity + 1", read_model("return_reasons")),
    ("refund", "update refunds set state = 'failed' where amount = 2000", read_model("refunds")),
    ("refund", "update refunds set amount = amount - 1 where amount = 2000", read_model("refunds")),
    (
        "refund",
        "update refunds set order_id = 'o9' where amount = 2000",
        {"read model refunds": {"missing": 1, "extra": 1}},
    ),
    ("refund", "delete from refunds where amount = 2000", read_model("refunds", "missing")),
    ("refund", "update payments set buyer_id = 'eve'", read_model("payments")),
    ("return_label", "update returns set state = 'lapsed'", read_model("returns")),
    ("return_label", "update returns set tracking_numbers = '{}'", read_model("returns")),
    ("return_label", "delete from returns", read_model("returns", "missing")),
    ("refund", "delete from payments", read_model("payments", "missing")),
    (
        "dispute",
        "insert into deadlines values ('order-o9', 'release', now(), 'o9')",
        {"deadlines dispute": {"extra": 1}},
    ),
    (
        "dispute",
        "insert into deadlines values ('order-o1', 'release', now(), 'o1')",
        {"deadlines dispute": {"extra": 1}},
    ),
    (
        "dispute",
        "insert into deadlines values ('unheard-o1', 'release', now(), 'o1')",
        {"deadlines dispute": {"extra": 1}},
    ),
    (
        "refund",
        "insert into deadlines values ('payment-o1', 'pay:rfd_ghost', now(), 'o1')",
        {"deadlines refund": {"extra": 1}},
    ),
    (
        "dispute",
        "insert into parked values ('order_status', 'order-o1', 1, 'dispute.events', 0, 'rain', 3)",
        {"parked dispute": {"streams": 1}},
    ),
    # The log itself.
    ("refund", "delete from events where position = 3", {"log refund": {"holes": 1, "gaps": 1}}),
    (
        "dispute",
        "update events set key = 'o9' where stream = 'order-o1' and version = 2",
        {"log dispute": {"rekeyed": 2}},
    ),
    (
        "dispute",
        "update events set type = 'makewhole.Unheard.v1' where position = 3",
        {"log dispute": {"unreadable": 1}},
    ),
    (
        "dispute",
        "update events set type = 'makewhole.RefundDue.v2' where type = 'makewhole.RefundDue.v1'",
        {"log dispute": {"unreadable": 2}},
    ),
    ("dispute", "update events set data = '[]' where position = 3", {"log dispute": {"unreadable": 1}}),
    ("dispute", "update events set stream = 'unheard-o1' where position = 1", {"log dispute": {"homeless": 1}}),
    ("refund", appended("payment-o1", "RefundFailed"), {"log refund": {"twice": 1}}),
    # Money: lost, doubled, misdirected.
    (
        "refund",
        appended("payment-o1", "RefundIssued", command=NEW_COMMAND),
        {"sagas": {"twice": 1}, "ledger": {"twice": 1}},
    ),
    ("refund", appended("payment-o1", "PaymentCaptured", command=NEW_COMMAND), {"sagas": {"twice": 1}}),
    ("dispute", appended("order-o1", "PaymentReleased", command=NEW_COMMAND), {"money": {"released_twice": 2}}),
    ("dispute", changed("PaymentReleased", LINES), {"money": {"over_line": 1}}),
    ("dispute", changed("PaymentReleased", AMOUNT), {"money": {"unequal_sum": 1}}),
    ("dispute", changed("RefundDue", AMOUNT), {"sagas": {"different": 2}, "money": {"unequal_sum": 1}}),
    ("dispute", changed("RefundDue", '{"payment_id": "pay-9"}'), {"sagas": {"different": 1}}),
    ("dispute", changed("RefundNoted", AMOUNT, "stream like 'order-%'"), {"sagas": {"different": 1}}),
    (
        "dispute",
        changed("RefundNoted", '{"source_event": "payment-o1/99"}', "stream like 'order-%'"),
        {"sagas": {"unsaid": 1, "unnoted": 1}},
    ),
    ("dispute", appended("dispute-%", "RefundNoted", command=NEW_COMMAND), {"sagas": {"twice": 2}}),
    ("refund", changed("RefundRequested", AMOUNT), {"sagas": {"different": 4}}),
    (
        "refund",
        changed("RefundRequested", '{"payment_id": "pay-9"}'),
        {"ledger": {"misdirected": 1}, "money": {"over_payment": 2}},
    ),
    ("refund", changed("RefundRequested", '{"refund_id": "rfd_ghost"}'), {"sagas": {"unanswered": 2, "unasked": 1}}),
    ("refund", changed("RefundApproved", '{"destination": "bonus"}'), {"sagas": {"different": 2}}),
    ("refund", changed("RefundIssued", AMOUNT), {"ledger": {"different": 1}, "sagas": {"different": 4}}),
    (
        "refund",
        changed("PaymentCaptured", '{"payment_id": "pay-9"}'),
        {"sagas": {"uncaptured": 2}, "money": {"over_payment": 3}},
    ),
    ("dispute", appended("order-o1", "PaymentHeld", command=NEW_COMMAND), {"money": {"held": 1}}),
    (
        "return_label",
        changed("ReturnRequested", '{"return_id": "ret_ghost"}'),
        {"sagas": {"unanswered": 1, "unasked": 1}},
    ),
    ("return_label", changed("ReturnRequested", '{"lines": []}'), {"sagas": {"different": 1}}),
    ("dispute", changed("ReturnNoted", '{"outcome": "denied"}'), {"sagas": {"different": 1}}),
    (
        "dispute",
        changed("ProtectionExpired", '{"due_at": "2027-01-01T00:00:00.000000Z"}'),
        {"deadlines dispute": {"early": 1}},
    ),
)


@pytest.mark.parametrize(("service", "statement", "expected"), DAMAGES, ids=range(len(DAMAGES)))
async def test_what_is_damaged_is_named(
    services: AuditedServices, service: str, statement: str, expected: Faults
) -> None:
    try:
        await damage(services.dsns[service], statement)
        found = faults_of(await audited(services.dsns, services.movements, NOW))
    finally:
        await restore(services.dsns[service])
    assert found, "nothing was noticed"
    for check, faults in expected.items():
        assert found.get(check, {}).items() >= faults.items(), found


BOOKS: Sequence[tuple[Callable[[list[dict[str, Any]]], list[dict[str, Any]]], dict[str, int]]] = (
    (lambda books: [*books, books[-1]], {"twice": 1}),
    (lambda books: books[:-1], {"missing": 1}),
    (lambda books: [*books[:-1], {**books[-1], "amount": {"amount": "19.99", "currency": "USD"}}], {"different": 1}),
    (
        lambda books: [*books[:-1], {**books[-1], "amount": {"amount": "20.00", "currency": "EUR"}}],
        {"different": 1, "over_cap": 1},
    ),
    (lambda books: [*books[:-1], {**books[-1], "destination": "bonus"}], {"misdirected": 1}),
    (lambda books: [*books[:-1], {**books[-1], "order_id": "o9"}], {"misdirected": 1}),
    (lambda books: [*books[:-1], {**books[-1], "payment_id": "pay-9"}], {"misdirected": 1, "over_cap": 1}),
    (lambda books: [*books, movement("refund", "1.00", "rfd_ghost")], {"unasked": 1}),
    (lambda books: [movement("capture", "50.00"), *books[1:]], {"over_cap": 1}),
    (lambda books: [*books, movement("chargeback", "79.00")], {"over_cap": 1, "charged_back": 1}),
)


@pytest.mark.parametrize(("books", "expected"), BOOKS, ids=range(len(BOOKS)))
async def test_money_that_went_otherwise_than_the_events_say_is_named(
    services: AuditedServices,
    books: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    expected: dict[str, int],
) -> None:
    found = faults_of(await audited(services.dsns, books(services.movements), NOW))
    assert found == {"ledger": expected}


async def test_amounts_are_compared_as_numbers_and_a_report_need_not_say_more(services: AuditedServices) -> None:
    terse = [
        {"kind": each["kind"], "payment_id": each["payment_id"], "refund_id": each["refund_id"]}
        | {"amount": {**each["amount"], "amount": each["amount"]["amount"] + "00"}}
        for each in services.movements
    ]
    assert faults_of(await audited(services.dsns, terse, NOW)) == {}


async def test_without_a_sandbox_or_a_report_the_books_are_not_asked_and_the_line_says_so(
    services: AuditedServices,
) -> None:
    check = (await audited(services.dsns, None, NOW))["ledger"]
    seen = {"refunds": 2, "payments": 2, "by_hand": 0, "effects": 0, "not_asked": 1}
    assert (check.ok, check.seen) == (True, seen)
