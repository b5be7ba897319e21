"""A dispute by right of law, once the programme's time is over: the seller is paid, and is asked for it (S17, K19, G4).

An order to Germany that was received on 5 March: the programme ends on 21 March at the first instant of the day, two
years of conformity on 6 March 2028.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.rejections import (
    AlreadyAgreed,
    AlreadyOpen,
    ProtectionAlreadyExpired,
    ReasonNotCovered,
    ReleaseAckRequired,
)
from dispute.views.disputes.dispute import dispute_view
from dispute.views.dry_run import money
from dispute.views.orders.order import order_actions
from shared.actions import rendered
from shared.events.dispute import (
    ByLaw,
    Decision,
    DisputeOpened,
    Reason,
    RefundDue,
    SellerResponded,
    SolutionReached,
)
from shared.events.order import HoldEnd, PaymentHeld, PaymentHoldLifted, PaymentReleased
from shared.rejections import AmountExceedsCap
from tests.support.builders.by_law import (
    LAST,
    MAY,
    OVER,
    PAID,
    P,
    R,
    bought,
    claimed,
    complete,
    faulty,
    only,
    parts,
    when,
)
from tests.support.builders.disputes import (
    cancel,
    dispute_id,
    dispute_of,
    modify,
    note_refund,
    refund_due,
    respond,
)
from tests.support.builders.evidence import upload
from tests.support.builders.orders import (
    BUYER,
    after,
    expire_order,
    on,
    order_line,
    order_of,
    usd,
)
from tests.support.spec import History, Outcome

THREE = complete(bought(order_line("l1", "30.01", 3), order_line("l2", "20.00")))


def judged(happened: History, at: datetime, n: int = 1, **more: Any) -> Outcome:
    """What the command that opens it comes to."""
    return when(after(happened, upload(at, n=n)), faulty(at, n, **more))


# G4, G5: until when, and about what


def test_s17_k19_after_the_orders_end_the_law_opens_a_dispute_about_what_the_seller_was_paid_for() -> None:
    outcome = judged(PAID, MAY)
    opened, held = only(outcome, DisputeOpened), only(outcome, PaymentHeld)
    assert opened.by_law == ByLaw(rights=("eu_conformity",), paid_out=("l1",))
    assert (opened.protection_ends_at, held.paid_out, opened.lines[0].cap) == (OVER, ("l1",), usd("50.00"))
    assert opened.rules == ("S6", "S17", "S94", "K25", "S39")
    assert [effect for event in outcome.events for effect in money(event, None)] == []


def test_s17_a_dispute_says_by_which_right_of_the_law_it_was_opened() -> None:
    by_law, by_programme = (judged(bought(), at) for at in (on("Mar 21"), on("Mar 20", "23:59")))
    shown = [dispute_view(dispute_of(dict(x.after)), 1, BUYER, MAY)["by_law"] for x in (by_law, by_programme)]
    assert shown == [("eu_conformity",), None]


def test_g4_s17_on_the_last_day_of_the_right_it_is_opened_and_on_the_next_it_is_over() -> None:
    only(judged(PAID, LAST), DisputeOpened)
    judged(PAID, OVER).then_rejects(ProtectionAlreadyExpired)


def test_g4_until_the_programme_ends_it_is_opened_by_the_programme() -> None:
    opened = only(judged(bought(), on("Mar 20", "23:59")), DisputeOpened)
    assert (opened.by_law, opened.protection_ends_at, opened.rules[1:3]) == (None, P, ("S21", "S22"))


def test_s17_between_the_programmes_end_and_the_release_the_money_is_held_and_not_reclaimed() -> None:
    expired = after(bought(), expire_order("protection_end", P))
    held = claimed(expired, on("Mar 21", "00:30"))
    assert dispute_of(held).opened.by_law == ByLaw(rights=("eu_conformity",))
    assert PaymentReleased not in {type(event) for event in when(held, expire_order("release", R)).events}
    agreed = when(held, respond(Decision.ACCEPT, on("Mar 22")))
    agreed.then_types(SellerResponded, SolutionReached, RefundDue)
    paid = when(agreed.after, note_refund(refund_due(agreed.after), on("Mar 23")))
    assert parts(only(paid, PaymentReleased)) == {"l1": "20.00"}


@pytest.mark.parametrize("country", ["US", "CH"])
def test_g4_without_a_law_it_stays_over(country: str) -> None:
    judged(complete(bought(country=country)), MAY).then_rejects(ProtectionAlreadyExpired)


@pytest.mark.parametrize("reason", [Reason.NOT_RECEIVED, Reason.LATE, Reason.WRONG_ADDRESS, Reason.CHANGE_OF_MIND])
def test_g4_s94_the_law_is_against_faults_alone(reason: Reason) -> None:
    judged(PAID, MAY, reason=reason).then_rejects(ProtectionAlreadyExpired)


def test_g6_s17_what_was_opened_by_law_stays_about_a_fault() -> None:
    answered = after(claimed(), respond(Decision.REJECT, on("May 2"), reason="It was fine."))
    when(answered, modify(on("May 3"), reason=Reason.LATE)).then_rejects(ReasonNotCovered)
    assert when(answered, modify(on("May 3"), reason=Reason.DAMAGED)).events


@pytest.mark.parametrize(
    ("country", "flags", "last", "over"),
    [("BR", (), "Jun 3", "Jun 4"), ("BR", ("not_durable",), "Apr 4", "Apr 5")],
)
def test_s17_s95_each_country_has_its_own_bound(country: str, flags: tuple[str, ...], last: str, over: str) -> None:
    paid = complete(bought(order_line(flags=flags), country=country))
    assert only(judged(paid, on(last, "23:59")), DisputeOpened).protection_ends_at == on(over, "00:00")
    judged(paid, on(over, "00:00")).then_rejects(ProtectionAlreadyExpired)


def test_g5_s109_pieces_count_and_each_has_its_share_of_what_was_paid_for_it() -> None:
    one = claimed(THREE)
    rest = judged(one, on("May 2"), n=2, quantity=2)
    caps = [dispute_of(one).opened.lines[0].cap, only(rest, DisputeOpened).lines[0].cap]
    assert [cap.amount for cap in caps] == ["30.01", "60.02"]
    judged(one, on("May 2"), n=2, quantity=3).then_rejects(AlreadyOpen)
    judged(rest.after, on("May 3"), n=3).then_rejects(AlreadyOpen)


def test_g9_no_more_than_its_share_goes_back() -> None:
    judged(PAID, MAY, amount="50.01").then_rejects(AmountExceedsCap)


def test_g5_s25_what_was_agreed_on_before_is_not_disputed_again_by_law() -> None:
    disputed = after(bought(), upload(on("Mar 10")), faulty(on("Mar 10")))
    agreed = after(disputed, respond(Decision.ACCEPT, on("Mar 11")))
    paid = complete(after(agreed, note_refund(refund_due(agreed), on("Mar 12"))))
    judged(paid, MAY, n=2).then_rejects(AlreadyAgreed)


def test_g5_s25_nor_where_the_agreement_came_after_the_programmes_end() -> None:
    disputed = after(bought(), upload(on("Mar 20")), faulty(on("Mar 20")), expire_order("protection_end", P))
    agreed = after(disputed, respond(Decision.ACCEPT, on("Mar 22")))
    released = when(agreed, note_refund(refund_due(agreed), on("Mar 23")))
    assert only(released, PaymentReleased).because == HoldEnd.AGREED
    judged(released.after, MAY, n=2).then_rejects(AlreadyAgreed)


def test_s48_what_was_cancelled_and_then_released_the_law_still_reaches() -> None:
    disputed = after(bought(), upload(on("Mar 20")), faulty(on("Mar 20")), expire_order("protection_end", P))
    released = when(disputed, cancel(on("Mar 22"), acknowledge_release=True))
    assert only(released, PaymentReleased).because == HoldEnd.CANCELLED
    assert only(judged(released.after, MAY, n=2), DisputeOpened).by_law is not None


def test_g5_s26_what_went_back_whole_is_not_disputed_again() -> None:
    disputed = claimed(amount="50.00")
    agreed = after(disputed, respond(Decision.ACCEPT, on("May 2")))
    judged(after(agreed, note_refund(refund_due(agreed), on("May 3"))), on("May 4"), n=2).then_rejects(AlreadyAgreed)


def test_s17_the_orders_action_says_until_when() -> None:
    (action,) = rendered(order_actions(order_of(PAID), BUYER, MAY))["available_actions"]
    assert (action["rel"], action["due_at"]) == ("open-dispute", OVER)


# G16: nothing is released


def test_g16_s47_cancelling_moves_no_money_and_asks_for_no_acknowledgement() -> None:
    outcome = when(claimed(), cancel(on("May 2")))
    assert PaymentReleased not in {type(event) for event in outcome.events}
    assert only(outcome, PaymentHoldLifted).lines == ("l1",)
    again = judged(outcome.after, on("May 3"), n=2)
    assert only(again, DisputeOpened).reopened_from == dispute_id()


def test_g16_what_the_law_holds_before_the_release_is_acknowledged_as_ever() -> None:
    expired = after(bought(), expire_order("protection_end", P))
    when(claimed(expired, on("Mar 21", "00:30")), cancel(on("Mar 22"))).then_rejects(ReleaseAckRequired)
