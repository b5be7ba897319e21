"""Failed pieces: what passed is paid at once, the rest goes to the case team with what shows it (T27)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.mediation.receipts import receipt_of
from dispute.domain.disputes.mediation.recomputation import decided_anew
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import DisputeState
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Actor
from shared.events.dispute import (
    CloseReason,
    Decision,
    DisputeOpened,
    Escalated,
    RefundDue,
    RefundSource,
    ReturnNoted,
    ReturnOutcome,
    SolutionReached,
    SolutionType,
)
from shared.events.evidence import EvidenceAdded, EvidencePurpose, EvidenceUploaded
from shared.events.inspection import InspectedPieces
from shared.events.mediation import DecisionIssued, Outcome
from shared.events.order import LineAmount, PaymentHeld, PaymentHoldLifted
from shared.rejections import Forbidden, NotFound, ValidationFailed, WrongPhase
from tests.support.builders.disputes import (
    accept,
    cancel,
    counter,
    dispute_of,
    dispute_stream,
    expire,
    found,
    history_of,
    note_refund,
    note_return,
    offer,
    open_dispute,
    respond,
    return_due,
)
from tests.support.builders.entitlements import terms_in
from tests.support.builders.evidence import upload
from tests.support.builders.mediation import decide
from tests.support.builders.order_returns import asked, grant, noted
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on, order, order_line, order_of, usd
from tests.support.spec import Outcome as Happened
from tests.support.spec import given

RECEIVED, FAILED = ReturnOutcome.RECEIVED, ReturnOutcome.FAILED
WAREHOUSE = Actor(id="warehouse-1", roles=frozenset({"warehouse"}))
THREE_AND_ONE = (order_line("l1", price="10.00", quantity=3), order_line("l2", price="7.00"))
"""Lines of 30.00 for three pieces, and 7.00 for one."""
D3 = on("Mar 21", "00:00")


def came_back(amount: str = "37.00") -> Histories:
    """All four pieces came back by the 17th for a dispute that the seller has granted."""
    named = (RequestedLine(line_id="l1", quantity=3), RequestedLine(line_id="l2", quantity=1))
    opened = open_dispute(on("Mar 12"), amount=amount, lines=named, type=SolutionType.RETURN_AND_REFUND)
    granted = after(order(*THREE_AND_ONE, shipped="Mar 1"), opened, respond(Decision.ACCEPT, on("Mar 13")))
    return after(granted, note_return(return_due(granted), RECEIVED, on("Mar 17")))


def inspected(happened: Histories, *pieces: InspectedPieces, at: datetime | None = None, **more: Any) -> Happened:
    """Some of it failed."""
    told = note_return(return_due(happened), FAILED, at or on("Mar 17"), "damaged", pieces=pieces, **more)
    return given(decider, happened).when(told)


def parts(**lines: str) -> tuple[LineAmount, ...]:
    return tuple(LineAmount(line_id=name, amount=usd(amount)) for name, amount in lines.items())


def ruled(**lines: str) -> tuple[RuledLine, ...]:
    return tuple(RuledLine(line_id=name, amount=usd(amount)) for name, amount in lines.items())


def in_part() -> Histories:
    """Two of three pieces passed, and the one of the other line failed: 20.00 is paid."""
    told = inspected(came_back(), *found("l1", 2, 1), *found("l2", failed=1))
    return {name: list(events) for name, events in told.after.items()}


def reviewed() -> Histories:
    return after(in_part(), expire("evidence", D3))


# The money


@pytest.mark.parametrize(
    ("amount", "pieces", "paid"),
    [
        ("37.00", (*found("l1", 2, 1), *found("l2", failed=1)), parts(l1="20.00")),
        ("37.00", (*found("l1", 0, 3), *found("l2", 1)), parts(l2="7.00")),
        ("37.00", (*found("l1", 1, 2), *found("l2", 1)), parts(l1="10.00", l2="7.00")),
        ("18.50", (*found("l1", 2, 1), *found("l2", failed=1)), parts(l1="10.00")),
        ("0.05", (*found("l1", 2, 1), *found("l2", failed=1)), parts(l1="0.03")),
        ("0.05", (*found("l1", 1, 2), *found("l2", failed=1)), parts(l1="0.01")),
    ],
)
def test_t27_of_a_line_with_pieces_of_both_those_that_passed_have_their_share_by_largest_remainder(
    amount: str, pieces: tuple[InspectedPieces, ...], paid: tuple[LineAmount, ...]
) -> None:
    told, due, escalated = inspected(came_back(amount), *pieces).then_types(ReturnNoted, RefundDue, Escalated).events
    assert (due.lines, due.source, told.passed, told.pieces) == (paid, RefundSource.RETURN, paid, pieces)
    assert (due.received_at, due.refund_after_return_bd) == (on("Mar 17"), 20)
    assert (escalated.reason, "T27" in escalated.rules) == ("return_condition", True)


@pytest.mark.parametrize("pieces", [(), (*found("l1", failed=3), *found("l2", failed=1))])
def test_t27_where_nothing_passed_all_goes_to_people(pieces: tuple[InspectedPieces, ...]) -> None:
    inspected(came_back(), *pieces).then_types(ReturnNoted, Escalated)


def test_t27_what_passed_is_paid_while_the_team_looks_at_the_rest() -> None:
    due = next(event for event in in_part()[dispute_stream()] if isinstance(event, RefundDue))
    paid = given(decider, in_part()).when(note_refund(due, on("Mar 18")))
    assert (paid.states[0].state, order_of(dict(paid.after)).lines["l1"].refunded) == (
        DisputeState.ESCALATED,
        usd("20.00"),
    )
    shown = dispute_view(paid.states[0], 9, BUYER, on("Mar 18"))["inspection"]
    assert shown
    assert [(one["line_id"], one["quantity"], one["result"]) for one in shown["pieces"]] == [
        ("l1", 2, "pass"),
        ("l1", 1, "fail"),
        ("l2", 1, "fail"),
    ]
    assert shown["passed"] == [{"line_id": "l1", "amount": usd("20.00")}]


def test_t27_the_team_rules_on_the_rest_and_the_difference_moves() -> None:
    split = decide(on("Mar 21"), outcome=Outcome.SPLIT, lines=ruled(l1="23.00", l2="0.00"))
    outcome = given(decider, reviewed()).when(split)
    due = outcome.then_types(DecisionIssued, SolutionReached, RefundDue).events[-1]
    assert (due.lines, due.source) == (parts(l1="3.00"), RefundSource.MEDIATION)


def test_t27_what_passed_is_left_at_that_and_the_dispute_ends() -> None:
    split = decide(on("Mar 21"), outcome=Outcome.SPLIT, lines=ruled(l1="20.00", l2="0.00"))
    due = next(event for event in in_part()[dispute_stream()] if isinstance(event, RefundDue))
    decided = after(reviewed(), split, note_refund(due, on("Mar 22")))
    over = given(decider, decided).when(expire("appeal", on("Mar 29", "00:00")))
    assert (over.states[0].closed.reason, over.states[0].closed.amount) == (CloseReason.REFUNDED, usd("20.00"))


@pytest.mark.parametrize(
    "lines", [(), ruled(l1="19.99", l2="7.00")], ids=["all of it is the seller's", "a cent less than passed"]
)
def test_t27_nobody_rules_away_what_passed(lines: tuple[RuledLine, ...]) -> None:
    outcome, kind = (Outcome.SPLIT, SolutionType.REFUND_ONLY) if lines else (Outcome.SELLER_FAVOUR, None)
    ruling = decide(on("Mar 21"), outcome=outcome, type=kind, lines=lines)
    refusal = given(decider, reviewed()).when(ruling).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [("/lines/0/amount", "passed_inspection")]


def test_t27_t43_the_parties_settle_on_no_less_and_the_rest_alone_is_spread() -> None:
    given(decider, in_part()).when(counter(on("Mar 18"), "19.99")).then_rejects(ValidationFailed)
    offered = after(in_part(), counter(on("Mar 18"), "25.00"))
    reached, due = given(decider, offered).when(accept(on("Mar 19"))).events[1:]
    assert (reached.lines, due.lines) == (parts(l1="22.94", l2="2.06"), parts(l1="2.94", l2="2.06"))
    agreed = after(offered, accept(on("Mar 19")))
    history = history_of(agreed)
    version = next(n for n, one in enumerate(history, 1) if one.event == reached)
    receipt = receipt_of(history, version)
    assert decided_anew({fact.name: fact.value for fact in receipt.facts}) == receipt.results


def test_t43_an_offer_of_a_parcel_takes_nothing_back_that_passed() -> None:
    parcel = respond(Decision.COUNTER, on("Mar 18"), solution=offer("0.00", SolutionType.REPLACEMENT))
    given(decider, in_part()).when(parcel).then_rejects(ValidationFailed)


def test_t21_a_buyer_who_was_paid_for_what_passed_withdraws_nothing() -> None:
    given(decider, in_part()).when(cancel(on("Mar 18"), acknowledge_release=True)).then_rejects(WrongPhase)
    rels = [one["rel"] for one in dispute_view(dispute_of(in_part()), 9, BUYER, on("Mar 18"))["available_actions"]]
    assert "cancel" not in rels


# Without a dispute


def test_t27_a_return_without_a_dispute_pays_what_passed_out_of_the_dispute_that_it_begins() -> None:
    line = order_line(price="10.00", quantity=3, flags=("free_return",))
    bought = order(line, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    back = noted(after(bought, grant(on("Mar 6"), lines={"l1": 3})), on("Mar 10"), ReturnOutcome.AUTHORIZED, RECEIVED)
    told = note_return(asked(back), FAILED, on("Mar 11"), "damaged", pieces=found("l1", 2, 1))
    outcome = given(decider, back).when(told)
    step, _, held, opened, heard, due, _ = outcome.then_types(
        ReturnNoted, PaymentHoldLifted, PaymentHeld, DisputeOpened, ReturnNoted, RefundDue, Escalated
    ).events
    assert (step.dispute_id, heard.dispute_id) == (None, opened.dispute_id)
    assert (due.lines, due.dispute_id, due.return_id) == (parts(l1="20.00"), opened.dispute_id, asked(back).return_id)
    assert [part.cap for part in held.lines] == [usd("30.00")]
    paid = outcome.when(note_refund(due, on("Mar 12")))
    claim = order_of(dict(paid.after)).lines["l1"].claims[opened.dispute_id]
    assert (claim.refunded, claim.remainder, claim.agreed) == (usd("20.00"), usd("10.00"), False)


# What shows it


def sent(by: Actor, purpose: EvidencePurpose = EvidencePurpose.INSPECTION, at: str = "Mar 17") -> Any:
    return upload(on(at), by, purpose=purpose)


@pytest.mark.parametrize(
    ("by", "at", "is_shown"),
    [(WAREHOUSE, "Mar 17", True), (SELLER, "Mar 17", True), (BUYER, "Mar 17", False), (WAREHOUSE, "Mar 11", False)],
    ids=["the warehouse's", "the seller's", "the buyer's own", "too old"],
)
def test_t27_what_the_inspector_has_sent_is_evidence_of_the_dispute(by: Actor, at: str, is_shown: bool) -> None:
    picture = sent(by, at=at)
    outcome = inspected(after(came_back(), picture), evidence=(picture.evidence_id,))
    added = [event for event in outcome.by_stream[dispute_stream()] if isinstance(event, EvidenceAdded)]
    assert [event.item.evidence_id for event in added] == ([picture.evidence_id] if is_shown else [])
    assert list(outcome.by_stream[f"evidence-{picture.evidence_id}"]) == added
    assert dispute_of(dict(outcome.after)).evidence.to_weigh == {event.item.evidence_id for event in added}


def test_t27_what_is_named_and_was_never_sent_keeps_no_return_from_the_team() -> None:
    inspected(came_back(), evidence=(sent(WAREHOUSE).evidence_id,)).then_types(ReturnNoted, Escalated)


def test_t27_what_shows_goods_that_fail_without_a_dispute_is_in_the_one_that_begins() -> None:
    bought = order(order_line(flags=("free_return",)), terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    picture = upload(on("Mar 11"), WAREHOUSE, purpose=EvidencePurpose.INSPECTION)
    back = after(noted(after(bought, grant(on("Mar 6"))), on("Mar 10"), RECEIVED), picture)
    told = note_return(asked(back), FAILED, on("Mar 11"), "damaged", evidence=(picture.evidence_id,))
    begun = given(decider, back).when(told)
    dispute_id = begun.events[3].dispute_id
    assert [type(event) for event in begun.by_stream[f"dispute-{dispute_id}"]][-1] is EvidenceAdded
    assert begun.by_stream[f"evidence-{picture.evidence_id}"][0].dispute_id == dispute_id


def test_k22_s30_a_warehouse_sends_what_it_has_inspected_and_nothing_else() -> None:
    there = came_back()
    given(decider, there).when(sent(WAREHOUSE, EvidencePurpose.ITEM)).then_rejects(Forbidden)
    given(decider, {}).when(sent(WAREHOUSE)).then_rejects(NotFound)
    (event,) = given(decider, there).when(sent(WAREHOUSE)).then_types(EvidenceUploaded).events
    assert (event.item.by, event.expires_at) == ("warehouse", on("Mar 21", "00:00")), "D11's two business days, and one"
