"""The refund service on real PostgreSQL with the sandbox's provider: every refund is paid once, whatever fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from refund import effects
from refund.domain.decider import decider
from refund.domain.payments.outcomes import RecordDeclined, RecordIssued
from refund.domain.payments.refund import RefundState
from refund.effects import Later, NothingSent, ask, outcome, wanted
from refund.gateways.port import Answer, Declined, Doubtful, Issued, Pending, RefundCall, Unanswered, checked
from refund.gateways.sandbox import sandbox_gateway
from shared.deadlines.due_loop import DueLoop
from shared.deadlines.queue import DUE
from shared.decider import ExpireDeadline
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.refund import (
    Destination,
    ManualReason,
    RefundApproved,
    RefundFailed,
    RefundRetried,
    RefundSentToManual,
)
from shared.eventstore.lease_session import Leases
from shared.observability import metrics
from tests.cases.plugin import Came
from tests.support.builders import refunds as p
from tests.support.servers.gateways import stripe_provider
from tests.support.servers.refund_service import Paying, RefundService, serving_payments, serving_refunds
from tests.support.servers.stack import eventually
from tests.support.toys.marks import as_owner, running

Migrated = Callable[[str], Awaitable[str]]
MINUTE = timedelta(minutes=1)
RFD = "/v1/refunds/rfd_9a31"


@pytest.fixture
async def dsn(migrated: Migrated) -> str:
    return await migrated("refund")


@pytest.fixture
async def service(dsn: str) -> AsyncIterator[RefundService]:
    async with serving_refunds(dsn) as service:
        yield service


@pytest.fixture
async def paying(dsn: str, migrated: Migrated) -> AsyncIterator[Paying]:
    async with serving_payments(dsn, await migrated("sandbox")) as paying:
        yield paying


async def test_s57_an_approved_refund_is_paid_at_once_and_its_deadline_is_gone(paying: Paying) -> None:
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    assert await paying.types() == ["PaymentCaptured", "RefundRequested", "RefundApproved", "RefundIssued"]
    assert await paying.paid() == [("rfd_9a31/0", "25.00")]
    assert await paying.loop.next_deadline() == (await paying.refund()).settle_by


async def test_each_payment_of_an_order_gives_its_part_once_though_one_does_not_answer(paying: Paying) -> None:
    await paying.psp.capture("o1", "20.00", payment_id="voucher")
    await paying.break_next("timeout_after", times=2, payment_id="voucher")
    await paying.ask(p.capture(), p.capture(payment_id="voucher", a=2000), p.request(parts={"a": 4000}))
    await paying.at_rest()
    assert sorted(await paying.paid()) == [("rfd_9a31.1/0", "30.00"), ("rfd_9a31.2/0", "10.00")]
    assert (await paying.types())[-3:] == ["RefundPartIssued", "RefundPartIssued", "RefundIssued"]
    shown = (await paying.served.get(RFD, p.BUYER)).body
    assert await paying.loop.next_deadline() == (await paying.refund()).settle_by
    assert (shown["state"], shown["amount"]["amount"]) == ("issued", "40.00")
    assert [(part["payment_id"], part["state"], part["key"]) for part in shown["parts"]] == [
        ("o1", "issued", "rfd_9a31.1/0"),
        ("voucher", "issued", "rfd_9a31.2/0"),
    ]


async def test_the_age_of_a_part_s_attempt_is_told_from_the_event_that_began_it(service: RefundService) -> None:
    age = effects.age_in_log(service.served.pool)
    first, second = (RefundCall(f"rfd_9a31.{n}", "o1", "o1", p.usd(1), Destination.ORIGINAL, 0) for n in (1, 2))
    await service.ask(p.capture(), p.capture(payment_id="voucher", a=2000), p.request(parts={"a": 4000}))
    begun = await age(second)
    await service.ask(p.decline(0, "rfd_9a31.1"))
    assert await age(first) < await age(second)
    assert await age(second) > begun


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_after"])
async def test_an_unknown_outcome_appends_nothing_and_the_same_key_pays_once(paying: Paying, fault: str) -> None:
    await paying.break_next(fault, times=2)
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    assert (await paying.types())[3:] == ["RefundIssued"]
    assert await paying.paid() == [("rfd_9a31/0", "25.00")]
    assert [fault["fired"] for fault in (await paying.psp.get("/faults")).body["data"]] == [2]


async def test_t31_a_decline_is_tried_again_under_a_new_key_when_the_clock_says_so(paying: Paying) -> None:
    await paying.break_next("decline", times=2, code="account_invalid")
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    assert await paying.loop.next_deadline() == p.MONDAY + MINUTE
    await paying.move(MINUTE)
    refund = await paying.refund()
    assert (refund.state, refund.failures, refund.reason) == (RefundState.FAILED, 2, "account_invalid")
    await paying.move(2 * MINUTE)
    assert (await paying.refund()).state is RefundState.ISSUED
    assert await paying.paid() == [("rfd_9a31/2", "25.00")]


async def test_t31a_after_five_retries_people_take_over_and_support_may_try_again(paying: Paying) -> None:
    await paying.break_next("decline", times=6)
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    for minutes in (1, 2, 4, 8, 16):
        await paying.move(minutes * MINUTE)
    await paying.project()
    assert (await paying.types())[-2:] == ["RefundFailed", "RefundSentToManual"]
    assert await paying.loop.next_deadline() is None
    proposed = await paying.served.post(f"{RFD}/retry", p.SUPPORT, key="k1")
    assert (proposed.status, proposed.body["state"]) == (202, "manual")
    word, seen = {"agree": proposed.body["proposals"][0]["id"]}, proposed.headers["ETag"]
    agreed = await paying.served.post(f"{RFD}/retry", p.OTHER_SUPPORT, word, key="k2", seen=seen)
    assert (agreed.status, agreed.body["state"]) == (200, "approved")
    await eventually(paying.is_quiet)
    await eventually(lambda: is_issued(paying))
    assert await paying.paid() == [("rfd_9a31/6", "25.00")]


async def test_t31a_s63_the_account_that_the_buyer_names_takes_what_people_had_taken_over(paying: Paying) -> None:
    await paying.break_next("decline", times=9, code="account_invalid")
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    for minutes in (1, 2, 4, 8, 16):
        await paying.move(minutes * MINUTE)
    await paying.project()
    assert (await paying.refund()).state is RefundState.MANUAL
    numbered = await paying.served.post(f"{RFD}/retry", p.BUYER, {"account_token": "DE89370400440532013000"}, key="n")
    assert (numbered.status, numbered.body["errors"][0]["pointer"]) == (422, "/account_token")
    named = await paying.served.post(f"{RFD}/retry", p.BUYER, {"account_token": "acct_2"}, key="k")
    assert (named.status, named.body["state"]) == (200, "approved")
    await eventually(lambda: is_issued(paying))
    assert await paying.paid() == [("rfd_9a31/6", "25.00")]


async def is_issued(service: RefundService) -> bool:
    return (await service.refund()).state is RefundState.ISSUED


async def test_refunds_side_by_side_never_pay_more_than_was_captured(paying: Paying) -> None:
    await paying.ask(p.capture())
    await paying.ask(*(p.request(f"rfd_9a3{n}", parts={"a": 2500}) for n in range(4)))
    await paying.at_rest()
    states = [(await paying.refund(f"rfd_9a3{n}")).state for n in range(4)]
    assert states == [RefundState.ISSUED, RefundState.ISSUED, RefundState.REFUSED, RefundState.REFUSED]
    assert [amount for _, amount in await paying.paid()] == ["25.00", "25.00"]


async def test_a_refund_waits_for_the_provider_to_come_back(paying: Paying) -> None:
    """Approved payments go on by themselves: nobody asks for them twice."""
    await paying.break_next("timeout_before", times=3, seconds=0.1)
    await paying.ask(p.capture(), p.request(), p.request("rfd_9a32", parts={"b": 1000}))
    await paying.at_rest()
    assert sorted(await paying.paid()) == [("rfd_9a31/0", "25.00"), ("rfd_9a32/0", "10.00")]


class Overheard:
    """A pool that notes which kinds of deadlines it is asked for."""

    def __init__(self, pool: Any) -> None:
        self._pool, self.kinds = pool, set[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        if query == DUE:
            self.kinds |= {",".join(arguments[1])}
        return await self._pool.fetch(query, *arguments)


@pytest.mark.case(
    "EL1", given="refunds wait for their provider; who looks at them again and again", right="bank_settlement,pay"
)
async def test_no_timer_looks_through_the_refunds_that_wait(service: RefundService, dsn: str, came: Came) -> None:
    served, pool = service.served, Overheard(service.served.pool)
    async with sandbox_gateway("http://127.0.0.1:9") as away:
        calls = effects.effects_of(away, effects.age_in_log(served.pool))
        listening: Any = pool
        loop = DueLoop(served.store, decider, listening, Leases(dsn), served.clock, ExpireDeadline, calls)
        await service.ask(p.capture(), p.request())
        async with running(loop):
            await eventually(lambda: pool.kinds)
    came(" and ".join(sorted(pool.kinds)))


SINCE_DECLINED = "select clock_timestamp() - recorded_at from events where type like '%.RefundFailed.%'"


async def test_the_age_of_an_attempt_is_told_from_the_event_that_began_it(service: RefundService) -> None:
    age = effects.age_in_log(service.served.pool)
    call = RefundCall("rfd_9a31", "o1", "o1", p.usd(2500), Destination.ORIGINAL, 0)
    await service.ask(p.capture(), p.request(), p.request("rfd_9a32", parts={"b": 1000}))
    first = await age(call)
    assert timedelta() < first < MINUTE
    older = await age(call)
    assert older > first
    await service.ask(p.decline(0))
    renewed = await age(call)
    assert timedelta() < renewed < await service.served.pool.fetchval(SINCE_DECLINED)


AHEAD = """
insert into events select 2, 'payment-o2', 1, 'o2', type, data, metadata, clock_timestamp() + interval '5 hours'
from events where position = 1
"""


@pytest.mark.case(
    "EL3", given="the server's clock was 5 h ahead for one append; then an attempt begins", right="0 h old"
)
async def test_a_clock_that_was_ahead_for_a_moment_makes_no_later_attempt_younger(
    service: RefundService, dsn: str, came: Came
) -> None:
    await service.served.decide(p.capture())
    await as_owner(dsn, AHEAD)
    await service.served.decide(p.request())
    came(f"{(await hours_old(service)):.0f} h old")


@pytest.mark.case("EL3+1", given="an attempt begins while the server's clock is 5 h ahead", right="0 h old")
async def test_an_attempt_that_began_while_the_clock_was_ahead_is_as_old_as_what_follows_it(
    service: RefundService, dsn: str, came: Came
) -> None:
    await service.served.decide(p.capture(), p.request())
    await shift(dsn, "position > 1", "5 hours")
    await service.served.decide(p.request("rfd_9a32", parts={"b": 1000}))
    came(f"{(await hours_old(service)):.0f} h old")


@pytest.mark.case("EL3+2", given="an attempt of 21 h ago, and fifty events since", right="21 h old")
async def test_an_age_is_not_falsified_by_what_follows(service: RefundService, dsn: str, came: Came) -> None:
    await service.served.decide(p.capture(), p.request())
    await shift(dsn, "true", "-21 hours")
    await service.served.decide(*(p.request(f"rfd_{n}", parts={"b": 1}) for n in range(25)))
    came(f"{(await hours_old(service)):.0f} h old")


async def hours_old(service: RefundService) -> float:
    call = RefundCall("rfd_9a31", "o1", "o1", p.usd(2500), Destination.ORIGINAL, 0)
    return (await effects.age_in_log(service.served.pool)(call)).total_seconds() / 3600 + 0.0


async def shift(dsn: str, which: str, by: str) -> None:
    """As if the server's clock had been so far from the right time."""
    await as_owner(
        dsn,
        f"""
        alter table events disable trigger append_only;
        update events set recorded_at = recorded_at + interval '{by}' where {which};
        alter table events enable trigger append_only
        """,
    )


def test_the_age_is_told_from_events_that_exist() -> None:
    for event in (RefundApproved, RefundFailed, RefundRetried):
        assert f"'{event.__name__}'" in effects.AGE


async def test_the_query_for_an_age_reads_one_stream_by_its_index(service: RefundService) -> None:
    await service.ask(p.capture(), p.request())
    async with service.served.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + effects.AGE, "payment-o1", "rfd_9a31")
    assert "events_stream_version_key" in str(plan)


async def test_s58_s63_a_refund_shows_state_destination_window_and_checks(paying: Paying) -> None:
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    shown = await paying.served.get(RFD, p.BUYER)
    assert (shown.status, shown.headers["ETag"][:3], shown.body["state"], shown.body["destination"]) == (
        200,
        '"4-',
        "issued",
        "original",
    )
    assert shown.body["expected_credit"] == {
        "from_at": "2026-03-06T00:00:00.000000Z",
        "until_at": "2026-03-24T00:00:00.000000Z",
    }
    assert {check["code"] for check in shown.body["checks"]} == {
        "usd_account",
        "local_currency",
        "bank_settlement_time",
        "correspondent_bank",
    }
    assert shown.body["overdue"] is False
    await paying.move(timedelta(days=22))
    assert (await paying.served.get(RFD, p.BUYER)).body["overdue"] is True
    await paying.at_rest()
    assert (await paying.types())[-1] == "RefundSettlementOverdue"


async def test_t32_at_the_end_of_the_window_the_provider_is_asked_and_its_word_settles_the_refund(
    paying: Paying,
) -> None:
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    await paying.bank("rfd_9a31", "settled")
    await paying.move(timedelta(days=22))
    await paying.at_rest()
    shown = (await paying.served.get(RFD, p.BUYER)).body
    assert (shown["state"], shown["overdue"]) == ("settled", False)
    assert await paying.loop.next_deadline() is None


async def test_t32a_what_the_bank_sent_back_is_paid_once_more_when_the_buyer_asks_for_it(paying: Paying) -> None:
    await paying.ask(p.capture(), p.request())
    await paying.at_rest()
    await paying.bank("rfd_9a31", "returned")
    await paying.move(timedelta(days=22))
    await paying.at_rest()
    shown = (await paying.served.get(RFD, p.BUYER)).body
    assert (shown["state"], shown["reason"], shown["expected_credit"]) == ("returned_by_bank", "returned_by_bank", None)
    await paying.ask(p.retry(p.BUYER, at=paying.served.clock.now()))
    await paying.at_rest()
    assert await paying.paid() == [("rfd_9a31/0", "25.00"), ("rfd_9a31/1", "25.00")]
    assert (await paying.types())[-3:] == ["RefundReturnedByBank", "RefundRetried", "RefundIssued"]


CALL = RefundCall("rfd_9a31", "o1", "o1", p.usd(2500), p.approved().destination, 0)
ISSUED, DECLINED = Issued("psp", p.said(CALL)), Declined("account_invalid", p.said(CALL))
OTHER = Issued("psp", p.said(CALL, amount="24.00"))


def state(*events: Event) -> Any:
    return decider.fold("payment-o1", events)


def test_an_approved_refund_is_to_be_paid_under_its_first_key() -> None:
    call = wanted(state(p.captured(), p.requested(), p.approved()), "pay:rfd_9a31")
    assert call == CALL
    assert CALL.idempotency_key == "rfd_9a31/0"


def test_each_definitive_failure_begins_a_new_key() -> None:
    call = wanted(state(p.captured(), p.requested(), p.approved(), p.failed(1, p.MONDAY)), "pay:rfd_9a31")
    assert call is not None
    assert call.idempotency_key == "rfd_9a31/1"


@pytest.mark.parametrize("last", [(p.issued(),), (p.failed(6, None), p.sent_to_manual(6))])
def test_nothing_is_asked_for_what_went_or_was_handed_to_people(last: tuple[Event, ...]) -> None:
    assert wanted(state(p.captured(), p.requested(), p.approved(), *last), "pay:rfd_9a31") is None


def test_nothing_is_asked_for_a_refund_that_is_not_there() -> None:
    assert wanted(state(p.captured()), "pay:rfd_9a31") is None


def test_an_outcome_becomes_a_command_whose_id_follows_from_it() -> None:
    issued, declined = outcome(CALL, ISSUED, p.MONDAY), outcome(CALL, DECLINED, p.MONDAY)
    assert isinstance(issued, RecordIssued)
    assert isinstance(declined, RecordDeclined)
    assert issued.command_id == outcome(CALL, ISSUED, p.MONDAY + timedelta(1)).command_id != declined.command_id


class Books:
    """A provider in memory that does the worst that the port allows: it forgets its keys, and only its books remain."""

    def __init__(self, *paid: Answer | Pending, silent: bool = False) -> None:
        self.books, self.paid, self.silent = paid, list[str](), silent

    async def refund(self, call: RefundCall) -> Answer:
        self.paid.append(call.idempotency_key)
        return ISSUED

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        if self.silent:
            raise Unanswered
        return next(iter(self.books), None)


def aged(hours: float) -> Callable[[RefundCall], Any]:
    async def age(_: RefundCall) -> timedelta:
        return timedelta(hours=hours)

    return age


async def test_a_young_attempt_asks_for_the_money() -> None:
    books = Books()
    assert await ask(books, aged(19.9), CALL) == ISSUED
    assert books.paid == ["rfd_9a31/0"]


@pytest.mark.parametrize("answer", [ISSUED, DECLINED])
async def test_an_attempt_older_than_its_key_is_only_asked_after(answer: Answer) -> None:
    books = Books(answer)
    assert await ask(books, aged(20), CALL) == answer
    assert books.paid == []


BEHIND = replace(CALL, behind="cb1 open")
DAY = 24


async def test_t34_nothing_is_sent_of_what_a_chargeback_is_in_the_way_of_and_the_key_is_still_known() -> None:
    books = Books()
    assert await ask(books, aged(19.9), BEHIND) == NothingSent()
    assert books.paid == []


async def test_t34_a_provider_that_has_forgotten_the_key_does_not_know_that_nothing_was_sent() -> None:
    books = Books()
    with pytest.raises(Unanswered):
        await ask(books, aged(20), BEHIND)
    assert await ask(books, aged(DAY), BEHIND) == Doubtful(ManualReason.OUTCOME_UNKNOWN)
    assert books.paid == []


PENDING = Pending("re_1", p.said(CALL))
TAKEN = replace(CALL, pending=True)


@pytest.mark.parametrize(
    ("hours", "minutes"), [(0, 0.5), (1, 30), (19, 570), (21, 630), (DAY, 720), (3 * DAY, 720), (13.9 * DAY, 720)]
)
async def test_t30b_what_the_provider_is_not_done_with_is_asked_after_at_half_of_its_age(
    hours: float, minutes: float
) -> None:
    books = Books(PENDING)
    assert await ask(books, aged(hours), TAKEN) == Later(timedelta(minutes=minutes))
    assert books.paid == []


async def test_t30b_what_the_provider_is_not_done_with_after_two_weeks_goes_to_people_with_its_name() -> None:
    books = Books(PENDING)
    assert await ask(books, aged(14 * DAY), TAKEN) == Doubtful(ManualReason.OUTCOME_UNKNOWN, provider_ref="re_1")
    assert books.paid == []


async def test_t30b_a_provider_that_is_away_for_a_moment_sends_nothing_to_people_that_it_has_taken() -> None:
    with pytest.raises(Unanswered):
        await ask(Books(silent=True), aged(3 * DAY), TAKEN)
    assert await ask(Books(silent=True), aged(14 * DAY), TAKEN) == Doubtful(ManualReason.OUTCOME_UNKNOWN)


async def test_t30b_what_the_provider_has_taken_and_then_knows_nothing_of_goes_to_people_after_a_day() -> None:
    with pytest.raises(Unanswered):
        await ask(Books(), aged(1), TAKEN)
    assert await ask(Books(), aged(DAY), TAKEN) == Doubtful(ManualReason.OUTCOME_UNKNOWN)


def test_t30b_what_is_pending_is_put_off_in_the_log_and_asked_after_as_the_same_attempt() -> None:
    before = state(*p.APPROVED)
    (moved,) = decider.decide(outcome(CALL, Later(MINUTE), p.MONDAY), before)
    assert isinstance(moved, DeadlineMoved)
    assert (moved.kind, moved.due_at, moved.rules) == ("pay:rfd_9a31", p.MONDAY + MINUTE, ("T30b",))
    assert wanted(state(*p.APPROVED, moved), moved.kind) == replace(TAKEN, put_off=1)
    failed = wanted(state(*p.APPROVED, moved, p.failed(1, p.MONDAY)), moved.kind)
    assert failed == replace(CALL, attempt=1, put_off=1)


@pytest.mark.parametrize("last", [p.issued(), p.sent_to_manual(0)])
def test_t30b_what_has_ended_meanwhile_is_not_put_off(last: Event) -> None:
    assert decider.decide(outcome(CALL, Later(MINUTE), p.MONDAY), state(*p.APPROVED, last)) == []


async def test_t30b_a_refund_that_stripe_holds_for_days_is_no_deadline_that_is_late(
    service: RefundService, dsn: str
) -> None:
    served = service.served
    async with stripe_provider() as stripe:
        await stripe.capture("o1", "100.00")
        await stripe.break_next("pending")
        calls = effects.effects_of(stripe.gateway, effects.age_in_log(served.pool))
        loop = DueLoop(served.store, decider, served.pool, Leases(dsn), served.clock, ExpireDeadline, calls)
        async with running(loop):
            paying = Paying(served, None, loop)  # type: ignore[arg-type]
            await paying.ask(p.capture(), p.request())
            await paying.at_rest()
            assert (await paying.types())[3:] == ["DeadlineMoved"]
            await paying.move(MINUTE)
            assert (await paying.types())[3:] == ["DeadlineMoved"] * 2
            stripe.api.become("succeeded")
            await paying.move(MINUTE)
            assert (await paying.types())[5:] == ["RefundIssued"]
            assert await loop.next_deadline() == (await paying.refund()).settle_by
    assert stripe.api.posts == ["rfd_9a31/0"]


async def test_what_is_pending_and_another_refund_goes_to_people_at_once() -> None:
    other = replace(PENDING, said=p.said(CALL, amount="24.00"))
    assert await ask(Books(other), aged(0), replace(CALL, doubts=1)) == Doubtful(
        ManualReason.ANSWER_DIFFERS, ("amount",), "re_1"
    )


@pytest.mark.parametrize("hours", [20.5, 23.9])
async def test_what_the_provider_does_not_know_is_unknown_for_a_day(hours: float) -> None:
    with pytest.raises(Unanswered):
        await ask(Books(), aged(hours), CALL)


UNKNOWN = Doubtful(ManualReason.OUTCOME_UNKNOWN)


@pytest.mark.parametrize(
    ("provider", "answer"),
    [
        pytest.param(
            Books(),
            UNKNOWN,
            marks=pytest.mark.case(
                "EM1",
                given="paid, no answer, 25 h later key and payment are forgotten",
                right="people, paid again 0 times",
            ),
        ),
        pytest.param(
            Books(silent=True),
            UNKNOWN,
            marks=pytest.mark.case(
                "EM1+1", given="25 h later the look-up is silent too", right="people, paid again 0 times"
            ),
        ),
        pytest.param(
            Books(ISSUED),
            ISSUED,
            marks=pytest.mark.case(
                "EM1+2", given="25 h later the payment is found by its refund", right="issued, paid again 0 times"
            ),
        ),
        pytest.param(
            Books(OTHER),
            Doubtful(ManualReason.ANSWER_DIFFERS, ("amount",), "psp"),
            marks=pytest.mark.case(
                "EM1+3", given="25 h later another amount is found by its refund", right="people, paid again 0 times"
            ),
        ),
    ],
)
async def test_i1_an_outcome_that_nobody_knows_after_a_day_goes_to_people_and_never_to_a_new_key(
    provider: Books, answer: Answer | Doubtful, came: Came
) -> None:
    assert await ask(provider, aged(25), CALL) == answer
    decided = decider.decide(outcome(CALL, answer, p.MONDAY), state(*p.APPROVED))
    to_people = any(isinstance(event, RefundSentToManual) for event in decided)
    came(f"{'people' if to_people else 'issued'}, paid again {len(provider.paid)} times")


async def test_what_was_in_doubt_is_looked_up_before_it_is_asked_for_again() -> None:
    doubtful = replace(CALL, doubts=1)
    paid, unpaid = Books(ISSUED), Books()
    assert await ask(paid, aged(0), doubtful) == await ask(unpaid, aged(0), doubtful) == ISSUED
    assert (paid.paid, unpaid.paid) == ([], ["rfd_9a31/0"])


@pytest.mark.parametrize("answer", [ISSUED, DECLINED])
@pytest.mark.parametrize(
    ("said", "differs"),
    [
        pytest.param(
            {"amount": "1.00", "currency": "JPY", "refund_id": "rfd_OTHER"},
            "refund_id currency amount",
            marks=pytest.mark.case(
                "EM2",
                given="25.00 USD asked, the answer: 1.00 JPY of rfd_OTHER",
                right="people: refund_id currency amount",
            ),
        ),
        pytest.param(
            {"destination": "bonus"},
            "destination",
            marks=pytest.mark.case(
                "EM2+1", given="asked to the original method, the answer: as a bonus", right="people: destination"
            ),
        ),
        pytest.param(
            {"payment_id": "o2"},
            "payment_id",
            marks=pytest.mark.case("EM2+2", given="paid back from another payment", right="people: payment_id"),
        ),
        pytest.param(
            {"amount": "-25.00"},
            "amount",
            marks=pytest.mark.case("EM2+3", given="25.00 asked, the answer: -25.00", right="people: amount"),
        ),
        pytest.param(
            {"amount": "2500"},
            "amount",
            marks=pytest.mark.case("EM2+4", given="25.00 asked, the answer in cents: 2500", right="people: amount"),
        ),
        pytest.param(
            {"amount": "much"},
            "amount",
            marks=pytest.mark.case("EM2+5", given="25.00 asked, the answer: much", right="people: amount"),
        ),
    ],
)
def test_an_answer_about_something_else_than_was_asked_goes_to_people(
    answer: Answer, said: dict[str, str], differs: str, came: Came
) -> None:
    doubtful = checked(CALL, replace(answer, said=p.said(CALL, **said)))
    (event,) = decider.decide(outcome(CALL, doubtful, p.MONDAY), state(*p.APPROVED))
    assert isinstance(event, RefundSentToManual)
    assert event.reason == ManualReason.ANSWER_DIFFERS
    came(f"people: {' '.join(event.differs)}")


def test_an_amount_that_is_written_otherwise_is_the_same() -> None:
    answer = replace(ISSUED, said=p.said(CALL, amount="25.0"))
    assert checked(CALL, answer) == answer


def test_what_goes_to_people_is_counted_by_its_reason() -> None:
    counted = metrics.REFUND_DOUBTS.labels("answer_differs")
    before = counted._value.get()
    outcome(CALL, checked(CALL, OTHER), p.MONDAY)
    assert counted._value.get() == before + 1
