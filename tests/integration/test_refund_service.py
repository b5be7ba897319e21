"""The refund service on real PostgreSQL with the sandbox's provider: every refund is paid once, and parties see where their money is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from refund import effects
from refund.api import router
from refund.domain.commands import ExpireDeadline
from refund.domain.decider import decider
from refund.domain.payment import Payment, Refund, RefundStatus
from refund.gateway import Call, sandbox_gateway
from refund.read_models import refunds
from shared.events.base import Actor, Command
from shared.events.refund import Destination, RefundApproved, RefundFailed, RefundIssued, RefundRetried
from shared.eventstore.due import DueLoop
from tests import payments as p
from tests.desk import Desk, desk_of
from tests.flow import running
from tests.outside import Answered, Served, sandbox
from tests.stacks import eventually

Migrated = Callable[[str], Awaitable[str]]
MINUTE = timedelta(minutes=1)
RFD = "/v1/refunds/rfd_1"
CASE_TEAM = Actor(id="carl", roles=frozenset({"case_team"}))
NOBODY = Actor(id="nora", roles=frozenset())
TIMEOUT = 1.0


@dataclass
class Shop:
    """The service's HTTP side, and its log as policies and the projection see it."""

    desk: Desk

    async def ask(self, *commands: Command) -> None:
        """What policies do; afterwards the read model knows it."""
        await self.desk.decide(*commands)
        await self.project()

    async def project(self) -> None:
        """The projection from the log, as a subscription would run it."""
        async with self.desk.pool.acquire() as connection:
            for recorded in await self.desk.store.read_all(0, 1000):
                await refunds.project(connection, recorded)

    async def payment(self) -> Payment:
        (history,) = await self.desk.store.load("payment-o1")
        state: Payment = decider.fold("payment-o1")(recorded.event for recorded in history)
        return state

    async def refund(self, refund_id: str = "rfd_1") -> Refund:
        return (await self.payment()).refunds[refund_id]

    async def types(self) -> Sequence[str]:
        (history,) = await self.desk.store.load("payment-o1")
        return [type(recorded.event).__name__ for recorded in history]


@dataclass
class Paying(Shop):
    """The same with the provider, and the due loop that asks it."""

    psp: Served
    loop: DueLoop

    async def is_quiet(self) -> bool:
        return await self.loop.quiet() is None

    async def at_rest(self) -> None:
        """Nothing is due at the clock's now, and nothing in hand."""
        await eventually(self.is_quiet)

    async def move(self, span: timedelta) -> None:
        self.desk.clock.move(self.desk.clock.now() + span)
        self.loop.wake()
        await self.at_rest()

    async def paid(self) -> list[tuple[str, str]]:
        """Refunds in the provider's books: key and amount."""
        lines = await self.psp.ledger(order_id="o1")
        return [(line["idempotency_key"], line["amount"]["amount"]) for line in lines if line["kind"] == "refund"]

    async def break_next(self, fault: str, **more: Any) -> None:
        assert (await self.psp.post("/faults", {"on": "refund", "fault": fault, **more})).status == 201


@pytest.fixture
async def dsn(migrated: Migrated) -> str:
    return await migrated("refund")


@pytest.fixture
async def shop(dsn: str) -> AsyncIterator[Shop]:
    async with desk_of("refund", router, decider, dsn) as desk:
        yield Shop(desk)


@pytest.fixture
async def paying(shop: Shop, dsn: str, migrated: Migrated) -> AsyncIterator[Paying]:
    desk = shop.desk
    async with sandbox(await migrated("sandbox")) as psp, sandbox_gateway(psp.address, TIMEOUT) as gateway:
        pay = effects.pay(gateway, effects.age_in_log(desk.pool))
        loop = DueLoop(desk.store, decider, desk.pool, dsn, desk.clock, ExpireDeadline, {effects.PREFIX: pay})
        await psp.capture("o1", "100.00")
        async with running(loop):
            yield Paying(desk, psp, loop)


async def test_an_approved_refund_is_paid_at_once_and_its_deadline_is_gone_s57(paying: Paying) -> None:
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    assert await paying.types() == ["PaymentCaptured", "RefundRequested", "RefundApproved", "RefundIssued"]
    assert await paying.paid() == [("rfd_1/0", "25.00")]
    assert await paying.loop.next_deadline() is None


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_after"])
async def test_an_unknown_outcome_appends_nothing_and_the_same_key_pays_once(paying: Paying, fault: str) -> None:
    await paying.break_next(fault, times=2)
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    assert (await paying.types())[3:] == ["RefundIssued"]
    assert await paying.paid() == [("rfd_1/0", "25.00")]
    assert [fault["fired"] for fault in (await paying.psp.get("/faults")).body["data"]] == [2]


async def test_a_decline_is_tried_again_under_a_new_key_when_the_clock_says_so_t31(paying: Paying) -> None:
    await paying.break_next("decline", times=2, code="account_invalid")
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    assert await paying.loop.next_deadline() == p.MONDAY + MINUTE
    await paying.move(MINUTE)
    refund = await paying.refund()
    assert (refund.status, refund.failures, refund.reason) == (RefundStatus.FAILED, 2, "account_invalid")
    await paying.move(2 * MINUTE)
    assert (await paying.refund()).status is RefundStatus.ISSUED
    assert await paying.paid() == [("rfd_1/2", "25.00")]


async def test_after_five_retries_people_take_over_and_support_may_try_again_t31a(paying: Paying) -> None:
    await paying.break_next("decline", times=6)
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    for minutes in (1, 2, 4, 8, 16):
        await paying.move(minutes * MINUTE)
    await paying.project()
    assert (await paying.types())[-2:] == ["RefundFailed", "RefundSentToManual"]
    assert await paying.loop.next_deadline() is None
    retried = await paying.desk.post(f"{RFD}/retry", p.SUPPORT, key="k1")
    assert (retried.status, retried.body["state"]) == (200, "approved")
    await eventually(paying.is_quiet)
    await eventually(lambda: is_issued(paying))
    assert await paying.paid() == [("rfd_1/6", "25.00")]


async def is_issued(shop: Shop) -> bool:
    return (await shop.refund()).status is RefundStatus.ISSUED


async def test_refunds_side_by_side_never_pay_more_than_was_captured(paying: Paying) -> None:
    await paying.ask(p.capture())
    await paying.ask(*(p.request(f"rfd_{n}", parts={"a": 2500}) for n in range(4)))
    await paying.at_rest()
    statuses = [(await paying.refund(f"rfd_{n}")).status for n in range(4)]
    assert statuses == [RefundStatus.ISSUED, RefundStatus.ISSUED, RefundStatus.REFUSED, RefundStatus.REFUSED]
    assert [amount for _, amount in await paying.paid()] == ["25.00", "25.00"]


async def test_a_refund_waits_for_the_provider_to_come_back(paying: Paying) -> None:
    """Approved payments go on by themselves: nobody asks for them twice."""
    await paying.break_next("timeout_before", times=3, seconds=0.1)
    await paying.ask(p.capture(), p.request(), p.request("rfd_2", parts={"b": 1000}))
    await paying.at_rest()
    assert sorted(await paying.paid()) == [("rfd_1/0", "25.00"), ("rfd_2/0", "10.00")]


async def test_the_age_of_an_attempt_is_told_from_the_event_that_began_it(shop: Shop) -> None:
    age = effects.age_in_log(shop.desk.pool)
    call = Call("rfd_1", "o1", "o1", p.usd(2500), Destination.ORIGINAL, 0)
    await shop.ask(p.capture(), p.request(), p.request("rfd_2", parts={"b": 1000}))
    first = await age(call)
    assert timedelta() < first < MINUTE
    older = await age(call)
    assert older > first
    await shop.ask(p.decline(0))
    assert timedelta() < await age(call) < older


def test_the_age_is_told_from_events_that_exist() -> None:
    for event in (RefundApproved, RefundFailed, RefundRetried):
        assert f"'{event.__name__}'" in effects.AGE


async def test_the_query_for_an_age_reads_one_stream_by_its_index(shop: Shop) -> None:
    await shop.ask(p.capture(), p.request())
    async with shop.desk.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + effects.AGE, "payment-o1", "rfd_1")
    assert "events_stream_version_key" in str(plan)


def refused(answer: Answered) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status, answer.body["code"]


async def test_a_refund_shows_state_destination_window_and_checks_s58_s63(paying: Paying) -> None:
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    shown = await paying.desk.get(RFD, p.BUYER)
    assert (shown.status, shown.headers["ETag"], shown.body["state"], shown.body["destination"]) == (200, '"4"', "issued", "original")
    assert shown.body["expected_credit"] == {"from": "2026-03-06T00:00:00.000000Z", "until": "2026-03-24T00:00:00.000000Z"}
    assert {check["code"] for check in shown.body["checks"]} == {"usd_account", "local_currency", "bank_settlement_time", "correspondent_bank"}
    assert shown.body["overdue"] is False
    await paying.move(timedelta(days=22))
    assert (await paying.desk.get(RFD, p.BUYER)).body["overdue"] is True


@pytest.mark.parametrize(("actor", "status"), [(p.BUYER, 200), (p.SELLER, 200), (p.SUPPORT, 200), (CASE_TEAM, 200), (p.STRANGER, 404), (NOBODY, 404)])
async def test_who_sees_a_refund(shop: Shop, actor: Actor, status: int) -> None:
    await shop.ask(p.capture(), p.request())
    assert (await shop.desk.get(RFD, actor)).status == status
    listed = await shop.desk.get("/v1/refunds", actor)
    assert (listed.status, len(listed.body["data"])) == (200, 1 if status == 200 else 0)


async def test_refunds_are_listed_by_order_and_by_dispute_the_newest_first_s64(shop: Shop) -> None:
    await shop.ask(p.capture(), p.request(), p.request("rfd_2", parts={"b": 1000}, dispute_id="dsp_2"), p.request("rfd_3", parts={"b": 9000}))

    async def ids(**query: str) -> list[str]:
        return [row["id"] for row in (await shop.desk.get("/v1/refunds", p.BUYER, **query)).body["data"]]

    assert await ids(order_id="o1") == ["rfd_3", "rfd_2", "rfd_1"]
    assert await ids(dispute_id="dsp_2") == ["rfd_2"]
    assert await ids(order_id="o2") == await ids(order_id="o1", dispute_id="dsp_9") == []
    row = (await shop.desk.get("/v1/refunds", p.BUYER, dispute_id="dsp_1")).body["data"][0]
    assert (row["state"], row["reason"], row["amount"]) == ("refused", "amount_exceeds_cap", {"amount": "90.00", "currency": "USD"})


async def test_a_list_goes_on_behind_its_cursor(shop: Shop) -> None:
    await shop.ask(p.capture(), *(p.request(f"rfd_{n}", parts={"a": 100}) for n in range(5)))
    seen, query = list[str](), {"limit": "2"}
    for _ in range(3):
        page = (await shop.desk.get("/v1/refunds", p.SELLER, **query)).body
        seen += [row["id"] for row in page["data"]]
        query["cursor"] = page["next_cursor"]
    assert seen == ["rfd_4", "rfd_3", "rfd_2", "rfd_1", "rfd_0"]
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    "query", [{"cursor": "x"}, {"cursor": "WyJhIl0"}, {"limit": "0"}, {"limit": "101"}, {"order": "o1"}, {"at_least_position": "-1"}]
)
async def test_a_list_is_asked_for_in_its_own_words(shop: Shop, query: dict[str, str]) -> None:
    assert refused(await shop.desk.get("/v1/refunds", p.BUYER, **query)) == (422, "validation_failed")


async def test_a_read_model_that_is_behind_says_so(shop: Shop) -> None:
    assert refused(await shop.desk.get("/v1/refunds", p.BUYER, at_least_position="1000")) == (503, "projection_behind")


async def test_a_retry_needs_a_key_and_the_right_person(shop: Shop) -> None:
    await shop.ask(p.capture(), p.request(), p.decline(0))
    assert refused(await shop.desk.post(f"{RFD}/retry", p.BUYER)) == (400, "idempotency_key_required")
    assert refused(await shop.desk.post(f"{RFD}/retry", p.SELLER, key="k")) == (403, "forbidden")
    assert refused(await shop.desk.post(f"{RFD}/retry", p.STRANGER, key="k")) == (404, "not_found")
    assert refused(await shop.desk.post("/v1/refunds/rfd_9/retry", p.SUPPORT, key="k")) == (404, "not_found")
    assert (await shop.desk.post(f"{RFD}/retry", p.BUYER, key="k")).body["state"] == "approved"


async def test_a_retry_that_is_sent_again_gets_the_first_answer_also_after_the_refund_was_issued(shop: Shop) -> None:
    await shop.ask(p.capture(), p.request(), p.decline(0))
    first = await shop.desk.post(f"{RFD}/retry", p.BUYER, key="k")
    await shop.ask(p.issue(attempt=1))
    again = await shop.desk.post(f"{RFD}/retry", p.BUYER, key="k")
    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert refused(await shop.desk.post(f"{RFD}/retry", p.BUYER, key="another")) == (409, "wrong_phase")


async def test_the_read_model_says_what_the_fold_says_and_rebuilding_changes_nothing(shop: Shop) -> None:
    retry = p.retry(p.SUPPORT)
    await shop.ask(p.capture(), p.request(), p.decline(0), retry, p.issue(attempt=1), p.settle(), p.request("rfd_2", parts={"b": 9000}))
    rows = await refunds.page(shop.desk.pool, refunds.Wanted(), 10)
    folded = (await shop.payment()).refunds
    for row in rows:
        refund = folded[row["refund_id"]]
        issued: RefundIssued | None = refund.issued
        assert (row["status"], row["failures"], row["amount"]) == (refund.status, refund.failures, refund.asked.amount.minor)
        assert row["expected_until"] == (issued.expected_until if issued else None)
    await shop.project()
    assert await refunds.page(shop.desk.pool, refunds.Wanted(), 10) == rows


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (refunds.Wanted(order_id="o1", buyer_id="bea"), "refunds_order"),
        (refunds.Wanted(dispute_id="dsp_1", seller_id="sam"), "refunds_dispute"),
        (refunds.Wanted(before=7), "refunds_newest"),
        (refunds.Wanted(buyer_id="bea"), "payments_buyer"),
    ],
)
async def test_each_list_is_read_by_an_index(shop: Shop, wanted: refunds.Wanted, index: str) -> None:
    query, arguments = refunds.query(wanted, 26)
    async with shop.desk.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + query, *arguments)
    assert index in str(plan)
