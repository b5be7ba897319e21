"""What was given up while nobody knew whether it was paid: it counts until two persons of support know (T31a)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from refund.policies import notify
from refund.views.refunds import refund_view
from shared.events.base import Event
from shared.events.ids import derived_id_beside
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalKind, ProposalMade
from shared.events.refund import (
    ManualReason,
    RefundAbandoned,
    RefundApproved,
    RefundDoubtEnded,
    RefundEvent,
    RefundIssued,
    RefundPartAbandoned,
    RefundPartIssued,
    RefundRefused,
)
from shared.rejections import Forbidden, NotFound, SameReviewer, ValidationFailed, WrongPhase
from tests.support.builders import refunds as p
from tests.support.policies import recorded
from tests.support.spec import Outcome, given

UNKNOWN = p.sent_to_manual(0, reason=ManualReason.OUTCOME_UNKNOWN)
IN_DOUBT: tuple[RefundEvent, ...] = (*p.APPROVED, UNKNOWN)
CERTAIN: tuple[RefundEvent, ...] = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
ALL_OF_A = {"a": 6000}
FIRST, SECOND = "rfd_9a31.1", "rfd_9a31.2"


def given_up(*happened: Event, **part: Any) -> Outcome:
    made = given(decider, *happened).when(p.abandon(**part)).then_types(ProposalMade)
    return made.when(p.agree_to(made))


def found(outcome: Outcome, paid: bool = False, **more: Any) -> Outcome:
    """Two persons of support know whether it was paid."""
    made = outcome.when(p.end_doubt(paid=paid, **more)).then_types(ProposalMade)
    return made.when(p.agree_to(made))


def told(outcome: Outcome) -> list[str]:
    sends = [send for event in outcome.events for send in notify(recorded(event, "payment-o1"))]
    return [send.command.kind for send in sends]  # type: ignore[attr-defined]


def in_two_parts() -> Outcome:
    """25.00 are to be paid, of two payments."""
    paid = p.captured(a=1000), p.captured(payment_id="voucher", a=5000)
    return given(decider, *paid).when(p.request())


def both_in_doubt() -> Outcome:
    """Of neither part does anybody know, and both are given up."""
    outcome = in_two_parts().when(p.doubt(refund_id=FIRST)).when(p.doubt(refund_id=SECOND))
    for part in (FIRST, SECOND):
        made = outcome.when(p.abandon(part_id=part))
        outcome = made.when(p.agree_to(made))
    return outcome


def test_t31a_what_is_given_up_says_what_of_it_is_in_doubt() -> None:
    doubtful, certain = given_up(*IN_DOUBT).events[1], given_up(*CERTAIN).events[1]
    assert isinstance(doubtful, RefundAbandoned) and isinstance(certain, RefundAbandoned)
    assert (doubtful.in_doubt, certain.in_doubt) == (p.lines(a=2500), ())


def test_s54_t31a_the_buyer_hears_that_nobody_knows_and_later_that_it_is_known() -> None:
    outcome = given_up(*IN_DOUBT)
    assert (told(outcome), told(given_up(*CERTAIN))) == (["refund_in_doubt"], ["refund_given_up"])
    assert told(found(outcome)) == ["refund_doubt_ended"]
    assert told(found(outcome, paid=True)) == ["refund_issued"]


def test_t31a_found_not_paid_its_money_is_free() -> None:
    command, again = p.end_doubt(), p.request("rfd_9a32", parts=ALL_OF_A)
    outcome = found(given_up(*IN_DOUBT)).then_types(ProposalAgreed, RefundDoubtEnded)
    assert outcome.events[1] == RefundDoubtEnded(
        **p.COMMON,
        lines=p.lines(a=2500),
        amount=p.usd(2500),
        found="not_paid",
        ticket="CASE-4711",
        reason_ref=derived_id_beside("payment-o1", "txt", command.command_id, "reason"),
        decided_by=p.SUPPORT.id,
        agreed_by=p.OTHER_SUPPORT.id,
        ended_at=p.MONDAY,
        rules=("T31a",),
    )
    assert outcome.states[0].refund("rfd_9a31").state is RefundState.ABANDONED
    assert RefundRefused in map(type, given_up(*IN_DOUBT).when(again).events)
    assert RefundApproved in map(type, outcome.when(again).events)


def test_t31a_found_paid_it_is_a_refund_like_any_other_that_the_provider_paid() -> None:
    outcome = found(given_up(*IN_DOUBT), paid=True).then_types(ProposalAgreed, RefundIssued)
    issued = outcome.events[1]
    assert isinstance(issued, RefundIssued)
    assert (issued.provider_ref, issued.manual, issued.issued_at) == ("psp-4711", False, p.MONDAY)
    view = refund_view(outcome.states[0], "rfd_9a31", 8, p.BUYER, p.MONDAY)
    assert (view["state"], view["in_doubt"], view["provider_ref"]) == ("issued", None, "psp-4711")
    outcome.when(p.request("rfd_9a32", parts=ALL_OF_A)).then_types(RefundRefused)


def test_t31a_a_refund_shows_what_of_it_is_in_doubt_once_it_is_given_up() -> None:
    proposed = given(decider, *IN_DOUBT).when(p.abandon())
    payments = [proposed.states[0], proposed.when(p.agree_to(proposed)).states[0]]
    views = [refund_view(payment, "rfd_9a31", 8, p.BUYER, p.MONDAY) for payment in payments]
    assert [view["in_doubt"] for view in views] == [None, p.usd(2500)]


def test_t31a_nothing_is_in_doubt_of_what_is_with_people_still_or_was_given_up_for_certain() -> None:
    given(decider, *IN_DOUBT).when(p.end_doubt()).then_rejects(WrongPhase)
    given_up(*CERTAIN).when(p.end_doubt()).then_rejects(WrongPhase)
    found(given_up(*IN_DOUBT)).when(p.end_doubt()).then_rejects(WrongPhase)


def test_g15_t31a_one_person_ends_no_doubt_and_no_party_does() -> None:
    doubtful = given_up(*IN_DOUBT)
    made = doubtful.when(p.end_doubt()).then_types(ProposalMade)
    assert isinstance(made.events[0], ProposalMade)
    assert made.events[0].kind == ProposalKind.END_OF_DOUBT
    made.when(p.agree_to(made, p.SUPPORT)).then_rejects(SameReviewer)
    declined = made.when(p.decline_to(made)).then_types(ProposalDeclined)
    assert declined.states[0].refund("rfd_9a31").in_doubt == p.lines(a=2500)
    doubtful.when(p.end_doubt(p.BUYER)).then_rejects(Forbidden)
    doubtful.when(p.end_doubt(p.STRANGER)).then_rejects(NotFound)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"paid": True, "reference": None}, ("/reference", "required")),
        ({"paid": True, "paid_at": None}, ("/paid_at", "required")),
        ({"paid": True, "paid_at": p.MONDAY + timedelta(microseconds=1)}, ("/paid_at", "in_the_future")),
        ({"paid": True, "paid_at": p.MONDAY - timedelta(microseconds=1)}, ("/paid_at", "before_request")),
        ({"reference": "psp-4711"}, ("/reference", "not_paid")),
        ({"paid_at": p.MONDAY}, ("/paid_at", "not_paid")),
        ({"part_id": "rfd_9a31.3"}, ("/part_id", "unknown_part")),
    ],
)
def test_t31a_what_was_paid_has_a_reference_and_an_instant_and_what_was_not_has_neither(
    said: dict[str, Any], error: tuple[str, str]
) -> None:
    refusal = given_up(*IN_DOUBT).when(p.end_doubt(**said)).then_rejects(ValidationFailed)
    assert [(each["pointer"], each["code"]) for each in refusal.errors] == [error]


def test_t31a_of_a_refund_in_parts_each_doubt_is_ended_by_itself() -> None:
    outcome = both_in_doubt().then_types(ProposalAgreed, RefundPartAbandoned, RefundAbandoned)
    assert [getattr(event, "in_doubt", None) for event in outcome.events[1:]] == [p.lines(a=2083), p.lines(a=2500)]
    assert outcome.when(p.end_doubt()).then_rejects(ValidationFailed).errors[0]["code"] == "required"
    first = found(outcome, paid=True, part_id=FIRST).then_types(ProposalAgreed, RefundPartIssued, RefundIssued)
    issued = first.events[2]
    assert isinstance(issued, RefundIssued)
    assert (issued.amount, issued.in_doubt) == (p.usd(417), p.lines(a=2083))
    last = found(first, part_id=SECOND).then_types(ProposalAgreed, RefundDoubtEnded)
    assert last.states[0].refund("rfd_9a31").in_doubt == ()


def test_t31a_a_part_that_is_found_paid_after_the_refund_was_issued_is_told_by_itself() -> None:
    """A refund is confirmed once: what counts its money hears of the rest."""
    first = found(both_in_doubt(), paid=True, part_id=FIRST)
    last = found(first, paid=True, part_id=SECOND).then_types(ProposalAgreed, RefundPartIssued, RefundDoubtEnded)
    known = last.events[2]
    assert isinstance(known, RefundDoubtEnded)
    assert (known.found, known.amount, known.part and known.part.refund_state) == ("paid", p.usd(2083), "issued")
    assert told(last) == ["refund_doubt_ended"]


def test_t31a_the_providers_own_late_word_ends_a_doubt_too() -> None:
    first = found(both_in_doubt(), paid=True, part_id=FIRST)
    late = first.when(p.issue(SECOND)).then_types(RefundPartIssued, RefundDoubtEnded)
    assert late.states[0].refund("rfd_9a31").in_doubt == ()
