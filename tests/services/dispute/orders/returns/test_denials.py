"""A return that its seller denied: the buyer may dispute that for some days, and the money waits (S13, T27x)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.returns.steps import NoteOrderReturn
from dispute.domain.rejections import (
    AccountNotInGoodStanding,
    AlreadyOpen,
    ExternalHold,
    ProtectionAlreadyExpired,
    ReasonNotCovered,
)
from dispute.policies import react
from dispute.views.orders.order import order_actions
from shared.actions import rendered
from shared.events.dispute import (
    Decision,
    DisputeOpened,
    Payer,
    Reason,
    ReturnDue,
    ReturnKind,
    ReturnNoted,
    ReturnOutcome,
    SellerResponseTimedOut,
    SolutionReached,
    SolutionType,
)
from shared.events.order import (
    Hold,
    HoldEnd,
    OrderCompleted,
    PaymentHeld,
    PaymentHoldLifted,
    PaymentReleased,
)
from shared.events.return_label import Denial, ReturnDenialFinal, ReturnDenied
from shared.rejections import ValidationFailed, WrongPhase
from tests.support.builders.bank import NOT_PAID, gives, takes_back
from tests.support.builders.disputes import cancel, dispute_of, expire, modify, note_return, open_dispute, respond
from tests.support.builders.entitlements import code_of, sold, terms_in
from tests.support.builders.order_returns import asked, grant, noted, return_id
from tests.support.builders.orders import (
    BUYER,
    ORDER,
    ORDER_STREAM,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    order_of,
    record,
    usd,
)
from tests.support.policies import recorded
from tests.support.spec import given

DENIED, FINAL = ReturnOutcome.DENIED, ReturnOutcome.DENIAL_FINAL
BOUGHT = sold("extra_returns")
GRANTED = after(BOUGHT, grant(on("Mar 6"), ReturnKind.EXTRA))
REFUSED = noted(GRANTED, on("Mar 8"), DENIED, reason=Denial.REFUSED)
UNTIL = on("Mar 14", "00:00")
P, R = on("Mar 21", "00:00"), on("Mar 21", "01:00")


def late(bought: Histories = BOUGHT) -> Histories:
    """Asked for on the last day, and refused when the protection was over."""
    happened = after(bought, grant(on("Mar 20"), ReturnKind.EXTRA))
    over = after(happened, expire_order("protection_end", P), expire_order("release", R))
    return noted(over, on("Mar 23"), DENIED, reason=Denial.REFUSED)


LATE_UNTIL = on("Mar 29", "00:00")


def unwanted(at: datetime, **more: Any) -> Any:
    """The buyer disputes the denial."""
    plain = {"reason": Reason.CHANGE_OF_MIND, "type": SolutionType.RETURN_AND_REFUND}
    return open_dispute(at, **(plain | more))


def test_t27x_s13_what_the_seller_denied_may_be_disputed_as_unwanted() -> None:
    outcome = given(decider, REFUSED).when(unwanted(on("Mar 9")))
    opened, held, lifted = outcome.then_types(DisputeOpened, PaymentHeld, PaymentHoldLifted).events
    assert (opened.from_return, opened.reason) == (return_id(), Reason.CHANGE_OF_MIND)
    assert (opened.protection_ends_at, opened.rules) == (UNTIL, ("S13", "T27x", "S39"))
    assert (held.hold, held.dispute_id, held.return_id) == (Hold.DISPUTE, opened.dispute_id, return_id())
    assert (lifted.hold, lifted.because) == (Hold.DENIED_RETURN, HoldEnd.DISPUTED)
    assert dispute_of(dict(outcome.after)).state is DisputeState.AWAITING_SELLER


def test_t27x_g7_what_is_unwanted_goes_back_before_its_money_does() -> None:
    refusal = given(decider, REFUSED).when(unwanted(on("Mar 9"), type=SolutionType.REFUND_ONLY))
    refusal.then_rejects(ValidationFailed)
    opened = after(REFUSED, unwanted(on("Mar 9")))
    given(decider, opened).when(modify(on("Mar 10"), type=SolutionType.REFUND_ONLY)).then_rejects(WrongPhase)
    offered = after(opened, respond(Decision.REJECT, on("Mar 10"), reason="No."))
    given(decider, offered).when(modify(on("Mar 10"), type=SolutionType.REFUND_ONLY)).then_rejects(ValidationFailed)


def test_t27x_a_denial_stays_open_to_a_dispute_until_the_last_instant_of_the_buyers_days() -> None:
    given(decider, REFUSED).when(unwanted(on("Mar 13", "23:59"))).then_types(
        DisputeOpened, PaymentHeld, PaymentHoldLifted
    )
    given(decider, REFUSED).when(unwanted(UNTIL)).then_rejects(ReasonNotCovered)


def test_s13_without_a_denial_what_is_unwanted_is_no_ground() -> None:
    given(decider, BOUGHT).when(unwanted(on("Mar 9"))).then_rejects(ReasonNotCovered)
    given(decider, GRANTED).when(unwanted(on("Mar 9"))).then_rejects(AlreadyOpen)
    final = noted(REFUSED, UNTIL, FINAL)
    given(decider, final).when(unwanted(UNTIL)).then_rejects(ReasonNotCovered)


def test_s79_t27x_a_return_that_supports_limit_denied_is_no_denial_of_the_sellers() -> None:
    note = note_return(asked(GRANTED), DENIED, on("Mar 8"), "returns_limited")
    limited = after(GRANTED, note.model_copy(update={"dispute_until": None}))
    assert not order_of(limited).lines["l1"].holds
    given(decider, limited).when(unwanted(on("Mar 9"))).then_rejects(ReasonNotCovered)


def test_t27x_s109_only_the_lines_and_pieces_of_that_return() -> None:
    lines = [order_line(f"l{n}", quantity=2, flags=("extra_returns",)) for n in (1, 2)]
    bought = order(*lines, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    denied = noted(after(bought, grant(on("Mar 6"), ReturnKind.EXTRA)), on("Mar 8"), DENIED)
    for named in ({"l2": 1}, {"l1": 2}, {"l1": 1, "l2": 1}):
        wanted = tuple(RequestedLine(line_id=name, quantity=count) for name, count in named.items())
        given(decider, denied).when(unwanted(on("Mar 9"), lines=wanted)).then_rejects(ReasonNotCovered)
    assert given(decider, denied).when(unwanted(on("Mar 9"))).events[0].from_return == return_id()


def test_g1_g2_g5_g7_g17_guards_of_a_dispute_hold_for_this_one_as_well() -> None:
    restricted = after(REFUSED, record("account_status", on("Mar 8", "13:00"), status="restricted"))
    given(decider, restricted).when(unwanted(on("Mar 9"))).then_rejects(AccountNotInGoodStanding)
    elsewhere = after(REFUSED, open_dispute(on("Mar 9"), reason=Reason.LATE))
    given(decider, elsewhere).when(unwanted(on("Mar 10"), n=2)).then_rejects(AlreadyOpen)
    given(decider, REFUSED).when(unwanted(on("Mar 9"), description="坏")).then_rejects(ValidationFailed)
    banked = after(REFUSED, takes_back(on("Mar 8", "14:00")))
    given(decider, banked).when(unwanted(on("Mar 9"))).then_rejects(ExternalHold)


def test_t27x_a_denial_is_disputed_once() -> None:
    withdrawn = after(REFUSED, unwanted(on("Mar 9")), cancel(on("Mar 10")))
    given(decider, withdrawn).when(unwanted(on("Mar 11"), n=2)).then_rejects(ReasonNotCovered)


def test_s17_k10_beside_a_denial_a_fault_and_the_law_keep_their_ways() -> None:
    assert code_of("statutory eu_withdrawal", REFUSED, "Mar 9") == "granted"
    given(decider, REFUSED).when(grant(on("Mar 9"), ReturnKind.STATUTORY, n=2)).then_types(PaymentHeld, ReturnDue)
    given(decider, REFUSED).when(open_dispute(on("Mar 9"), reason=Reason.LATE)).then_types(DisputeOpened, PaymentHeld)


def test_t35_t27x_behind_a_banks_decision_a_denial_stands_until_it_is_final() -> None:
    banked = after(REFUSED, takes_back(on("Mar 9")), gives(NOT_PAID, on("Mar 20")))
    given(decider, banked).when(unwanted(on("Mar 20", "13:00"))).then_types(
        DisputeOpened, PaymentHeld, PaymentHoldLifted
    )
    final = noted(banked, on("Mar 25"), FINAL)
    given(decider, final).when(unwanted(on("Mar 25", "13:00"))).then_rejects(ReasonNotCovered)


# The money


def test_t27x_t39_the_money_waits_for_the_days_of_a_dispute_also_when_the_protection_is_over() -> None:
    happened = after(BOUGHT, grant(on("Mar 20"), ReturnKind.EXTRA))
    over = after(happened, expire_order("protection_end", P), expire_order("release", R))
    outcome = given(decider, over).when(note_return(asked(over), DENIED, on("Mar 23"), Denial.REFUSED))
    step, lifted, held = outcome.then_types(ReturnNoted, PaymentHoldLifted, PaymentHeld).events
    assert (step.dispute_until, step.rules) == (LATE_UNTIL, ("T27x",))
    assert (lifted.hold, lifted.because) == (Hold.RETURN, HoldEnd.CLOSED)
    assert (held.hold, held.dispute_id, held.return_id) == (Hold.DENIED_RETURN, None, None)
    assert order_of(dict(outcome.after)).lines["l1"].free == 1


def test_t27x_g4_a_denial_after_the_end_of_the_protection_may_be_disputed_all_the_same() -> None:
    given(decider, late()).when(unwanted(on("Mar 28", "23:59"))).then_types(
        DisputeOpened, PaymentHeld, PaymentHoldLifted
    )
    given(decider, late()).when(unwanted(on("Mar 24"), n=9)).then_types(DisputeOpened, PaymentHeld, PaymentHoldLifted)


def test_t27x_s24_once_the_denial_is_final_the_seller_is_paid() -> None:
    outcome = given(decider, late()).when(note_return(asked(late()), FINAL, LATE_UNTIL))
    step, lifted, *_ = outcome.then_types(ReturnNoted, PaymentHoldLifted, PaymentReleased, OrderCompleted).events
    assert step.rules == ("T27x",)
    assert (lifted.hold, lifted.because) == (Hold.DENIED_RETURN, HoldEnd.CLOSED)
    given(decider, dict(outcome.after)).when(unwanted(LATE_UNTIL)).then_rejects(ProtectionAlreadyExpired)


def test_t27x_while_the_protection_runs_a_final_denial_frees_the_money_and_releases_none() -> None:
    given(decider, REFUSED).when(note_return(asked(GRANTED), FINAL, UNTIL)).then_types(ReturnNoted, PaymentHoldLifted)


def test_t27x_a_final_denial_that_a_dispute_was_faster_than_changes_nothing() -> None:
    disputed = after(REFUSED, unwanted(on("Mar 13")))
    given(decider, disputed).when(note_return(asked(GRANTED), FINAL, UNTIL)).then_types(ReturnNoted)


def test_t27x_of_two_denials_on_a_line_the_money_waits_for_the_last() -> None:
    line = order_line(quantity=2, flags=("extra_returns",))
    bought = order(line, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    first = noted(after(bought, grant(on("Mar 6"), ReturnKind.EXTRA)), on("Mar 8"), DENIED)
    both = noted(after(first, grant(on("Mar 9"), ReturnKind.EXTRA, n=2)), on("Mar 10"), DENIED)
    one, two = (event for event in both[ORDER_STREAM] if isinstance(event, ReturnDue))
    final = given(decider, both).when(note_return(one, FINAL, UNTIL)).then_types(ReturnNoted)
    given(decider, dict(final.after)).when(note_return(two, FINAL, on("Mar 16", "00:00"))).then_types(
        ReturnNoted, PaymentHoldLifted
    )


def test_t27x_t39_what_a_dispute_leaves_out_of_the_return_is_released_where_the_protection_is_over() -> None:
    line = order_line(quantity=2, flags=("extra_returns",))
    bought = order(line, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    back = after(bought, grant(on("Mar 20"), ReturnKind.EXTRA, lines={"l1": 2}))
    over = after(back, expire_order("protection_end", P), expire_order("release", R))
    denied = noted(over, on("Mar 23"), DENIED)
    *_, released = (
        given(decider, denied)
        .when(unwanted(on("Mar 24")))
        .then_types(DisputeOpened, PaymentHeld, PaymentHoldLifted, PaymentReleased)
        .events
    )
    assert released.amount == usd("50.00")


# What becomes of the dispute


def test_t5_k26_a_second_silence_grants_it_and_the_goods_go_back_at_the_buyers_freight() -> None:
    wants = unwanted(on("Mar 9"), type=SolutionType.RETURN_AND_REFUND)
    outcome = given(decider, after(REFUSED, wants)).when(expire("seller_response", on("Mar 15", "00:00")))
    due = outcome.then_types(SellerResponseTimedOut, SolutionReached, ReturnDue).events[2]
    assert (due.kind, due.freight_payer, due.reason) == (ReturnKind.DISPUTE, Payer.BUYER, Reason.CHANGE_OF_MIND)
    assert due.response_days is None


def test_s47_a_dispute_that_is_withdrawn_after_the_protection_pays_the_seller() -> None:
    disputed = after(late(), unwanted(on("Mar 24")))
    outcome = given(decider, disputed).when(cancel(on("Mar 25"), acknowledge_release=True))
    ended = {"DisputeClosed", "PaymentReleased", "OrderCompleted"}
    assert ended <= {type(event).__name__ for event in outcome.events}


# What is shown


def test_t27x_the_order_offers_the_dispute_as_long_as_there_is_one() -> None:
    no_law_runs = order_of(late(sold("extra_returns", country="US")))

    def offered(at: datetime) -> Any:
        actions = rendered(order_actions(no_law_runs, BUYER, at))["available_actions"]
        return [(action["rel"], action["due_at"]) for action in actions]

    assert offered(on("Mar 28", "23:59")) == [("open-dispute", LATE_UNTIL)]
    assert offered(LATE_UNTIL) == []


def test_t27x_eligibility_grants_the_dispute_for_what_was_denied() -> None:
    what = "programme aliexpress_basic"
    assert code_of(what, REFUSED, "Mar 9", reason=Reason.CHANGE_OF_MIND) == "granted"
    assert code_of(what, BOUGHT, "Mar 9", reason=Reason.CHANGE_OF_MIND) == "reason_not_covered"


@pytest.mark.parametrize(("outcome", "until"), [(DENIED, UNTIL), (FINAL, None)])
def test_the_policy_notes_a_denial_and_its_end_on_the_order(outcome: ReturnOutcome, until: datetime | None) -> None:
    of = {"return_id": return_id(), "dispute_id": None, "order_id": ORDER}
    denied = ReturnDenied(**of, reason=Denial.UNANSWERED, dispute_until=UNTIL, rules=("T27x",))
    final = ReturnDenialFinal(**of, due_at=UNTIL, rules=("T27x",))
    (send,) = react(recorded(denied if outcome is DENIED else final, f"return-{return_id()}"))
    assert isinstance(send.command, NoteOrderReturn)
    assert (send.command.outcome, send.command.dispute_until) == (outcome, until)
    assert send.command.first_stream.name == ORDER_STREAM
