"""`makewhole ledger check`: each kind of difference between books, events and the payment provider's ledger, planted in
real logs and a real ledger, is told in a line of its own, and nothing is told of what lived by the rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from ops.audit.run import ledger_audit
from ops.audit.sources import Sources
from shared.events.base import Event
from shared.events.dispute import RefundSource
from shared.events.mediation import ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackSettled
from shared.events.order import LineAmount, PaymentReleased
from shared.events.refund import Destination
from tests.support.audit_services import AuditedServices, expire, live, movement, open_services
from tests.support.builders import refunds as p
from tests.support.builders.disputes import open_dispute
from tests.support.builders.orders import ORDER_STREAM, on, order_line, record, register
from tests.support.damaged_logs import changed, connected, damage, keep, restore, smuggle
from tests.support.servers.backing import Databases
from tests.support.servers.sandbox import Served, sandbox

LONG_AGO = "update events set recorded_at = recorded_at - interval '1 hour'"
"""At once nothing is missed: what follows from an event may be under way."""
BOOKED = """
insert into ledger (kind, order_id, payment_id, refund_id, idempotency_key, minor, currency, exponent, at)
values ($1, $2, $3, $4, $5, $6, $7, 2, now())
"""

Movements = list[dict[str, Any]]


@dataclass(slots=True)
class Audited:
    """Services that have lived, and the provider with its own database."""

    services: AuditedServices
    ledger: str
    provider: Served

    async def book(self, movements: Sequence[dict[str, Any]]) -> None:
        """These movements are the provider's ledger, whatever stood there."""
        async with connected(self.ledger) as connection:
            await connection.execute("alter table ledger disable trigger user")
            await connection.execute("delete from ledger")
            for each in movements:
                names = [each[name] for name in ("kind", "order_id", "payment_id", "refund_id")]
                key = each["refund_id"] and f"{each['refund_id']}/0"
                minor = int(each["amount"]["amount"].replace(".", ""))
                await connection.execute(BOOKED, *names, key, minor, each["amount"]["currency"])

    async def differences(self) -> list[str]:
        """What is told."""
        told: list[str] = []
        checks = await ledger_audit(Sources(self.services.dsns, {}, sandbox=self.provider.address), tell=told.append)
        assert all(check.ok for check in checks) == (not told)
        return told


@pytest.fixture(scope="module")
async def provider(databases: Databases) -> AsyncIterator[tuple[str, Served]]:
    dsn = await databases.migrated("sandbox")
    async with sandbox(dsn) as running:
        yield dsn, running


@pytest.fixture(scope="module")
async def lived(databases: Databases, provider: tuple[str, Served]) -> AsyncIterator[Audited]:
    """A whole life, up to its last payout: 35.00 of a line of 50.00 went back, and 20.00 of one of 30.00."""
    async with open_services(databases.migrated) as services:
        await live(services)
        await expire(services)
    for dsn in services.dsns.values():
        await damage(dsn, LONG_AGO)
        await keep(dsn)
    yield Audited(services, *provider)
    for dsn in services.dsns.values():
        await databases.drop(dsn)


@pytest.fixture
async def audited(lived: Audited) -> AsyncIterator[Audited]:
    """The same for every test."""
    await lived.book(lived.services.movements)
    yield lived
    for dsn in lived.services.dsns.values():
        await restore(dsn)


def released(line_id: str, minor: int) -> PaymentReleased:
    lines = (LineAmount(line_id=line_id, amount=p.usd(minor)),)
    return PaymentReleased(order_id="o1", lines=lines, amount=p.usd(minor), dispute_id=None, rules=("S24",))


def refunded(line_id: str, minor: int) -> Sequence[Event]:
    """One more refund of the order's payment."""
    money: dict[str, Any] = {"lines": p.lines(**{line_id: minor}), "amount": p.usd(minor)}
    named = {"refund_id": "rfd_more", "dispute_id": None}
    return [
        p.requested(**money, **named, payment_id="pay-1", source=RefundSource.GOODWILL),
        p.approved(**named, amount=p.usd(minor)),
        p.issued(**money, **named, destination=Destination.ORIGINAL),
    ]


def asked_back(minor: int) -> ClawbackRequested:
    names = {"clawback_id": "clw_1", "dispute_id": "dsp_1", "order_id": "o1", "payment_id": "pay-1", "party": "buyer"}
    return ClawbackRequested(**names, lines=p.lines(l1=minor), amount=p.usd(minor), rules=("K18",))


def settled(minor: int, clawback_id: str = "clw_1") -> ClawbackSettled:
    said = {name: value for name, value in asked_back(minor) if name in ClawbackSettled.model_fields}
    end = {"clawback_id": clawback_id, "settled_at": p.MONDAY, "reason_code": None}
    return ClawbackSettled(**said | end)


def of_a_seller(event: ClawbackRequested | ClawbackSettled) -> Event:
    """The same of a seller who gives what it was paid."""
    return event.model_copy(update={"dispute_id": None, "party": "seller"})


def with_amount(each: dict[str, Any], amount: str, currency: str = "USD") -> dict[str, Any]:
    return {**each, "amount": {"amount": amount, "currency": currency}}


BOOKS: dict[str, tuple[Callable[[Movements], Movements], str]] = {
    "a refund that the provider paid twice": (lambda books: [*books, books[-1]], "twice: {refund} went 2 times"),
    "a refund that went with another amount": (
        lambda books: [*books[:-1], with_amount(books[-1], "19.99")],
        "different: {refund}: 20 USD was issued, 19.99 USD went",
    ),
    "a refund that went in another currency": (
        lambda books: [*books[:-1], with_amount(books[-1], "20.00", "EUR")],
        "different: {refund}: 20 USD was issued, 20 EUR went",
    ),
    "a payment without an event": (
        lambda books: [*books, movement("refund", "1.00", "rfd_ghost")],
        "unasked: rfd_ghost of 1 USD went, and no event says so",
    ),
    "an event without a payment": (
        lambda books: books[:-1],
        "missing: {refund} of 20 USD is issued, and the provider has not paid it",
    ),
    "more than the payment that it is of": (
        lambda books: [with_amount(books[0], "50.00"), *books[1:]],
        "over_cap: pay-1: 50 USD were taken and 55 USD went back",
    ),
    "less taken than events say": (
        lambda books: [with_amount(books[0], "79.00"), *books[1:]],
        "captured: payment pay-1: events say 80 USD, the provider took 79 USD",
    ),
}
EVENTS: dict[str, tuple[str, str, Sequence[Event], str]] = {
    "more than a line is worth": (
        "dispute",
        ORDER_STREAM,
        [released("l1", 500)],
        "over_line: line l1 of order o1: 55 USD were released and refunded, and 50 USD paid",
    ),
    "money that was released and is refunded too": (
        "refund",
        "payment-o1",
        refunded("l2", 1000),
        "over_line: line l2 of order o1: 40 USD were released and refunded, and 30 USD paid",
    ),
    "the same money asked back twice": (
        "dispute",
        "dispute-dsp_1",
        [asked_back(1000), asked_back(1000)],
        "clawed_twice: clw_1 of order o1, 10 USD: asked back, or ended, 2 times",
    ),
    "a clawback that came and was never asked": (
        "dispute",
        "dispute-dsp_1",
        [settled(1000)],
        "clawed_unasked: clw_1 of order o1, 10 USD: never asked so",
    ),
    "a clawback that came with another amount": (
        "dispute",
        "dispute-dsp_1",
        [asked_back(1000), settled(900)],
        "clawed_unasked: clw_1 of order o1, 9 USD: never asked so",
    ),
    "a clawback that came twice": (
        "dispute",
        "dispute-dsp_1",
        [asked_back(1000), settled(1000), settled(1000)],
        "clawed_twice: clw_1 of order o1, 10 USD: asked back, or ended, 2 times",
    ),
    "a clawback whose money the seller did not get": (
        "dispute",
        "dispute-dsp_1",
        [asked_back(1000), settled(1000)],
        "not_left: line l1 of order o1: 10 USD of clw_1 ended, and 0 USD were released",
    ),
    "a seller's gift that came and goes to nobody": (
        "dispute",
        ORDER_STREAM,
        [of_a_seller(asked_back(1000)), of_a_seller(settled(1000))],
        "not_given: clw_1 of order o1, 10 USD: it came, and goes to nobody",
    ),
}


async def test_nothing_is_told_of_what_lived_by_the_rules(audited: Audited) -> None:
    assert await audited.differences() == []


@pytest.mark.parametrize(("books", "line"), BOOKS.values(), ids=BOOKS)
async def test_the_check_tells_of_a_ledger_with(
    audited: Audited, books: Callable[[Movements], Movements], line: str
) -> None:
    movements = audited.services.movements
    await audited.book(books(movements))
    assert line.format(refund=movements[-1]["refund_id"]) in await audited.differences()


@pytest.mark.parametrize(("service", "stream", "events", "line"), EVENTS.values(), ids=EVENTS)
async def test_the_check_tells_of_a_log_with(
    audited: Audited, service: str, stream: str, events: Sequence[Event], line: str
) -> None:
    await smuggle(audited.services.dsns[service], stream, *events)
    assert line in await audited.differences()


async def test_the_check_tells_of_a_journal_that_does_not_balance(audited: Audited) -> None:
    wrong = '{"amount": {"amount": "0.01", "currency": "USD"}}'
    await damage(audited.services.dsns["dispute"], changed("PaymentReleased", wrong))
    (line,) = [line for line in await audited.differences() if line.startswith("unbalanced")]
    assert line.endswith("USD, credits of 0.01 USD")


async def test_the_check_tells_of_a_log_that_lost_its_tail(audited: Audited) -> None:
    """The other service has heard of what is gone."""
    refund = audited.services.movements[-1]["refund_id"]
    issued = f"type = 'makewhole.RefundIssued.v1' and data ->> 'refund_id' = '{refund}'"
    async with connected(audited.services.dsns["refund"]) as connection:
        lost = await connection.fetchval(f"select stream || '/' || version from events where {issued}")
    await damage(
        audited.services.dsns["refund"],
        f"delete from events where position >= (select position from events where {issued})",
    )
    told = [line for line in await audited.differences() if line.startswith(f"lost: {refund} of 20 USD")]
    assert told
    assert all(line.endswith(f"{lost} is not in the log") for line in told)


async def test_the_check_tells_of_money_that_was_released_while_a_dispute_holds_it(
    migrated: Callable[[str], Awaitable[str]], provider: tuple[str, Served]
) -> None:
    async with open_services(migrated) as services:
        two = (order_line("l1", "50.00"), order_line("l2", "30.00"))
        await services.tell("dispute", register(*two), record("shipped", on("Mar 1")), open_dispute(on("Mar 12")))
        audited = Audited(services, *provider)
        await audited.book(services.movements)
        for service in ("dispute", "refund"):
            await damage(services.dsns[service], LONG_AGO)
        assert await audited.differences() == []
        await smuggle(services.dsns["dispute"], ORDER_STREAM, released("l1", 5000))
        told = await audited.differences()
    assert [line for line in told if line.startswith("released_held: line l1 of order o1 for dsp_")], told
