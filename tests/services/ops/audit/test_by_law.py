"""Disputes by law in the audit: by itself it finds money that went twice and is asked of nobody (K19)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from ops.audit.facts import gathering
from shared.events.base import Event
from shared.events.dispute import Decision
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.refund import RefundRequested
from tests.support.audit import EARLY, fact_faults, made_log, stream_faults
from tests.support.builders import mediation as m
from tests.support.builders.by_law import claimed
from tests.support.builders.disputes import dispute_stream, expire, refund_due, respond
from tests.support.builders.evidence import upload_id
from tests.support.builders.orders import ORDER, Histories, after, on
from tests.support.spec import Outcome


def agreed() -> Histories:
    """30.00 of what the seller was paid are agreed on, and paid back."""
    return m.paid(after(claimed(), respond(Decision.ACCEPT, on("May 2"))), on("May 3"))


def amended() -> Histories:
    """30.00 were decided and paid, and the appeal says 20.00."""
    team = after(claimed(amount="50.00"), respond(Decision.REJECT, on("May 2"), reason="No."), m.escalate(on("May 3")))
    weights = {upload_id(): 2}
    ruled = after(team, expire("evidence", on("May 7", "00:00")), m.decide(on("May 10"), "30.00", weights=weights))
    appealed = after(m.paid(ruled, on("May 11")), m.appeal(on("May 12")))
    over = after(appealed, expire("appeal", on("May 18", "00:00")))
    return after(over, m.decide_appeal(on("May 19"), "20.00", weights=weights))


def without(happened: Histories, lost: Event) -> Histories:
    return happened | {dispute_stream(): [event for event in happened[dispute_stream()] if event is not lost]}


async def owed(happened: Histories, kept: Histories | None = None) -> dict[str, int]:
    rows = Outcome(decider, kept or happened, {}).deadlines
    with gathering() as facts:
        return await stream_faults("dispute", made_log(happened, on("May 30")), rows, facts, EARLY)


@pytest.mark.parametrize("happened", [claimed(), agreed(), amended()])
async def test_k19_a_dispute_by_law_has_no_fault(happened: Histories) -> None:
    assert await owed(happened) == {}


@pytest.mark.parametrize("happened", [agreed(), amended()])
async def test_k19_what_is_not_asked_of_a_seller_who_was_paid_is_found(happened: Histories) -> None:
    asked = [event for event in happened[dispute_stream()] if isinstance(event, ClawbackRequested)]
    for lost in (event for event in asked if event.party == "seller"):
        assert (await owed(without(happened, lost), happened)).get("owed", 0) >= 1


async def test_k18_k19_what_is_asked_of_him_beside_what_the_buyer_has_is_found() -> None:
    happened = amended()
    (withdrawn,) = [event for event in happened[dispute_stream()] if isinstance(event, ClawbackNotDue)]
    assert withdrawn.party == "seller"
    assert (await owed(without(happened, withdrawn), happened)).get("owed", 0) >= 1


async def over_line(happened: Histories) -> bool:
    """Whether more is released and refunded of a line than was captured, with the refund that was asked for."""
    due = refund_due(agreed())
    same = {name: value for name, value in due if name in RefundRequested.model_fields}
    asked = RefundRequested(**same | {"requested_at": on("May 2")})
    faults = await fact_faults(("dispute", made_log(happened)), ("refund", made_log({f"payment-{ORDER}": [asked]})))
    return "money: over_line" in faults


async def test_i3_k19_money_may_go_twice_as_far_as_it_is_asked_back() -> None:
    happened = agreed()
    (asked,) = [event for event in happened[dispute_stream()] if isinstance(event, ClawbackRequested)]
    assert not await over_line(happened)
    assert await over_line(without(happened, asked))
