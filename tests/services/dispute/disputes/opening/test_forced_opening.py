"""Support opens a dispute that its buyer could not, with a ticket and a reason (S20)."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.opening.opening import OpenDispute, Override
from dispute.domain.disputes.state import DisputeState
from dispute.domain.disputes.visibility import visible
from dispute.domain.rejections import (
    AccountNotInGoodStanding,
    AlreadyOpen,
    NotEligibleOffPlatform,
    OrderAlreadyCompleted,
    ProtectionAlreadyExpired,
    ReasonNotCovered,
    TooEarly,
)
from shared.events.base import Actor, wire_time
from shared.events.dispute import DisputeOpened, Reason
from shared.events.order import PaymentHeld
from shared.process.clock import SystemClock
from shared.rejections import AmountExceedsCap, ConflictOfInterest, Forbidden, NotFound, ValidationFailed
from tests.support.builders.disputes import open_dispute, opened
from tests.support.builders.mediation import SUPPORT
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    OTHER_BUYER,
    SELLER,
    Histories,
    after,
    expire_order,
    on,
    order,
)
from tests.support.servers.in_memory import came_of, in_memory, usd
from tests.support.spec import Outcome, given

ENDS = on("Apr 5", "00:00")
"""Of an order finished on 20 March."""
FINISHED = order(shipped="Mar 1", finished="Mar 20")
EARLY = order(shipped="Mar 1")
RESTRICTED = order(shipped="Mar 1", buyer_account_status="restricted")


def forced(happened: Histories, day: str = "Mar 12", actor: Actor = SUPPORT, **changed: Any) -> Outcome:
    return given(decider, happened).when(force(day, actor, **changed))


def force(day: str = "Mar 12", actor: Actor = SUPPORT, **changed: Any) -> OpenDispute:
    why = Override(ticket="T-77", reason="The carrier lost its records.")
    return open_dispute(on(day), actor=actor, **{"override": why} | changed)


@pytest.mark.parametrize(
    ("happened", "day", "refusal"),
    [
        (FINISHED, "Apr 5", ProtectionAlreadyExpired),
        (EARLY, "Mar 11", TooEarly),
        (RESTRICTED, "Mar 12", AccountNotInGoodStanding),
        (order(shipped="Mar 1", delivered="Mar 9"), "Mar 12", ReasonNotCovered),
    ],
)
def test_s20_support_opens_what_time_standing_and_records_refuse_the_buyer(
    happened: Histories, day: str, refusal: Any
) -> None:
    given(decider, happened).when(open_dispute(on(day))).then_rejects(refusal)
    outcome = forced(happened, day).then_types(DisputeOpened, PaymentHeld)
    event = outcome.events[0]
    assert (event.buyer_id, event.rules, event.forced.ticket) == (BUYER.id, ("S1", "S20", "S39"), "T-77")
    assert outcome.states[0].state == DisputeState.AWAITING_SELLER


def test_s20_until_the_seller_is_paid_also_after_the_protection() -> None:
    over = after(FINISHED, expire_order("protection_end", ENDS))
    forced(over, "Apr 5").then_types(DisputeOpened, PaymentHeld)
    paid = after(over, expire_order("release", on("Apr 5", "01:00")))
    forced(paid, "Apr 5").then_rejects(OrderAlreadyCompleted)


def test_s20_g1_g5_g9_hold_as_ever() -> None:
    direct = order(shipped="Mar 1", payment={"payee": "seller"})
    forced(direct).then_rejects(NotEligibleOffPlatform)
    forced(opened(), n=2).then_rejects(AlreadyOpen)
    forced(EARLY, amount="50.01").then_rejects(AmountExceedsCap)
    forced(EARLY, reason=Reason.CHANGE_OF_MIND).then_rejects(ReasonNotCovered)


def test_s20_g8_it_is_supports_and_never_without_a_reason_or_for_oneself() -> None:
    for actor in (BUYER, SELLER, CASE_TEAM):
        forced(EARLY, actor=actor).then_rejects(Forbidden)
    forced(EARLY, actor=OTHER_BUYER).then_rejects(NotFound)
    forced(EARLY, override=None).then_rejects(Forbidden)
    forced(EARLY, actor=Actor(id=BUYER.id, roles=frozenset({"support"}))).then_rejects(ConflictOfInterest)


def test_s20_s31_the_reason_is_a_text_beside_the_log_for_the_platforms_people() -> None:
    command = force()
    event = given(decider, EARLY).when(command).events[0]
    assert [(text.ref, text.kind) for text in command.personal][1] == (event.forced.reason_ref, "reason")
    detail = event.model_dump(mode="json")
    assert "forced" in visible("dispute_opened", detail, {"platform"})
    for party in ("buyer", "seller"):
        assert "forced" not in visible("dispute_opened", detail, {party})
    chinese = Override(ticket="T-77", reason="中")
    assert forced(EARLY, override=chinese).then_rejects(ValidationFailed).errors[0]["pointer"] == "/override/reason"


def test_s30_evidence_is_the_partys_to_bring_later() -> None:
    forced(order(shipped="Mar 1", delivered="Mar 9"), reason=Reason.DAMAGED).then_types(DisputeOpened, PaymentHeld)


async def test_s20_over_http_the_order_names_the_buyer() -> None:
    form = {
        "order_id": "o1",
        "lines": [{"line_id": "1"}],
        "reason": "not_received",
        "type": "refund_only",
        "amount": usd("50.00"),
        "description": "The buyer called: nothing came.",
    }
    keys = count()
    why = {"ticket": "T-77", "reason": "The promise was made on the telephone."}
    async with in_memory("dispute") as service:
        await service.order("o1", placed_at=wire_time(SystemClock().now()))

        async def post(role: str, **more: Any) -> str:
            return came_of(
                await service.ask("POST", "/v1/disputes", role=role, body=form | more, key=f"key-{next(keys)}")
            )

        assert await post("buyer") == "409 too_early"
        assert await post("support") == await post("buyer", override=why) == "403 forbidden"
        assert (
            await post("support", override={"ticket": "T 77", "reason": "x"})
            == "422 validation_failed /override/ticket"
        )
        assert await post("support", override={"ticket": "T-77"}) == "422 validation_failed /override/reason"
        opened = await service.ask("POST", "/v1/disputes", role="support", body=form | {"override": why}, key="open")
        assert (opened.status_code, opened.json()["buyer_id"]) == (201, "buyer-1")
