"""Several payments of an order, and what is taken of them later: who gives how much of each line (G9, G1, S66, S24)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.orders.captures import CapturedPieces, RecordOrderCapture
from dispute.domain.orders.facts import FactType
from dispute.domain.rejections import CaptureDiffers, PaymentMethodNotAccepted
from shared.events.dispute import Decision, DisputeOpened, RefundDue
from shared.events.ids import derived_uuid
from shared.events.money import Money
from shared.events.order import (
    LineAmount,
    OrderCancelled,
    OrderCaptured,
    OrderCompleted,
    OrderPaid,
    OrderRegistered,
    PaymentPart,
    PaymentReleased,
    Tender,
)
from shared.rejections import AmountExceedsCap, NotFound, ValidationFailed
from tests.support.builders.disputes import cancel, counter, modify, note_refund, open_dispute, refund_due, respond
from tests.support.builders.orders import (
    ORDER,
    SHOP,
    after,
    expire_order,
    facts,
    on,
    order_line,
    order_of,
    record,
    register,
    terms,
    usd,
)
from tests.support.spec import given

TWO = (order_line("l1", "30.00", 2), order_line("l2", "40.00"))
"""Sixty and forty."""


def tender(payment_id: str, amount: str, captured: str | None = None, method: str = "visa") -> Tender:
    return Tender(payment_id=payment_id, method=method, amount=usd(amount), captured=usd(captured or amount))


def shared(*tenders: Tender, **more: Any) -> Any:
    """An order of two lines that these payments share."""
    return register(*TWO, payment={"payment_id": tenders[0].payment_id, "parts": tenders}, **more)


def capture(amount: str, at: str = "Mar 2", **more: Any) -> RecordOrderCapture:
    """The shop took so much of the card."""
    plain: dict[str, Any] = {"capture_id": "cap-1", "payment_id": "card", "captured_at": on(at)}
    named = {"command_id": derived_uuid("capture", amount, at, more), "actor": SHOP, "at": on(at), "order_id": ORDER}
    return RecordOrderCapture(amount=usd(amount), **named, **plain | more)


def parts(**amounts: str) -> tuple[LineAmount, ...]:
    return tuple(LineAmount(line_id=name, amount=usd(amount)) for name, amount in amounts.items())


CARD_AND_BALANCE = (tender("card", "75.01"), tender("balance", "24.99", method="balance"))
AUTHORISED = (tender("card", "100.00", "0.00"),)
HALF = (tender("card", "80.00", "40.00"), tender("balance", "20.00", method="balance"))


def test_g9_each_payment_pays_its_share_of_every_line_by_largest_remainder() -> None:
    _, paid = given(decider).when(shared(*CARD_AND_BALANCE)).then_types(OrderRegistered, OrderPaid).events
    assert paid.payments == (
        PaymentPart(payment_id="card", method="visa", amount=usd("75.01"), lines=parts(l1="45.01", l2="30.00")),
        PaymentPart(payment_id="balance", method="balance", amount=usd("24.99"), lines=parts(l1="14.99", l2="10.00")),
    )


def test_an_order_with_one_payment_is_recorded_as_it_was() -> None:
    registered, paid = given(decider).when(register(*TWO)).then_types(OrderRegistered, OrderPaid).events
    assert (registered.payment.parts, {line.captured for line in registered.lines}) == ((), {None})
    assert paid.payments == (
        PaymentPart(payment_id="pay-1", method="visa", amount=usd("100.00"), lines=parts(l1="60.00", l2="40.00")),
    )


def test_g9_only_what_was_taken_of_a_line_can_be_refunded() -> None:
    registered, paid = given(decider).when(shared(*HALF)).then_types(OrderRegistered, OrderPaid).events
    assert [line.captured for line in registered.lines] == [usd("36.00"), usd("24.00")]
    assert [part.amount for part in paid.payments] == [usd("40.00"), usd("20.00")]
    assert [line.cap for line in order_of(after({}, shared(*HALF))).lines.values()] == [usd("36.00"), usd("24.00")]


def test_of_what_is_only_authorised_no_payment_is_captured_and_nothing_can_be_disputed() -> None:
    shipped = after({}, shared(*AUTHORISED, facts=facts(shipped="Mar 1")))
    assert [event.payments for event in shipped[f"order-{ORDER}"] if isinstance(event, OrderPaid)] == [()]
    given(decider, shipped).when(open_dispute(on("Mar 14"), amount="0.01")).then_rejects(AmountExceedsCap)


def test_g9_a_capture_for_a_parcel_pays_for_its_pieces_first() -> None:
    outcome = given(decider, after({}, shared(*AUTHORISED))).when(
        capture("30.00", lines=(CapturedPieces(line_id="l1", quantity=1),))
    )
    (captured,) = outcome.then_types(OrderCaptured).events
    assert (captured.lines, captured.method, captured.payment_id) == (parts(l1="30.00"), "visa", "card")


def test_g9_what_a_parcel_takes_beyond_its_pieces_is_of_their_lines_and_then_of_the_others() -> None:
    history = after({}, shared(*AUTHORISED))
    pieces = (CapturedPieces(line_id="l1", quantity=1),)
    assert given(decider, history).when(capture("50.00", lines=pieces)).events[0].lines == parts(l1="50.00")
    assert given(decider, history).when(capture("80.00", lines=pieces)).events[0].lines == parts(l1="60.00", l2="20.00")


def test_g9_a_piece_is_disputed_with_its_own_share_also_while_others_are_not_paid_yet() -> None:
    taken = after(
        {}, shared(*AUTHORISED, facts=facts(shipped="Mar 1")), capture("30.00", lines=(CapturedPieces(line_id="l1"),))
    )
    opened, *_ = given(decider, taken).when(open_dispute(on("Mar 14"), amount="30.00")).events
    assert isinstance(opened, DisputeOpened)
    assert (opened.lines[0].cap, opened.payment_id) == (usd("30.00"), "card")


def test_g9_captured_is_never_over_authorised() -> None:
    refused = given(decider, after({}, shared(*HALF))).when(capture("40.01")).then_rejects(AmountExceedsCap)
    assert refused.members["cap"] == {"amount": "40.00", "currency": "USD"}
    given(decider, after({}, register(*TWO))).when(capture("0.01", payment_id=None)).then_rejects(AmountExceedsCap)


def test_a_capture_is_recorded_once_and_not_with_another_amount() -> None:
    taken = after({}, shared(*AUTHORISED), capture("30.00"))
    given(decider, taken).when(capture("30.00", at="Mar 3")).then()
    given(decider, taken).when(capture("30.01")).then_rejects(CaptureDiffers)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"payment_id": "cheque"}, "/payment_id"),
        ({"payment_id": None}, "/payment_id"),
        ({"lines": (CapturedPieces(line_id="l9"),)}, "/lines/0/line_id"),
        ({"lines": (CapturedPieces(line_id="l1"), CapturedPieces(line_id="l1"))}, "/lines/1/line_id"),
        ({"lines": (CapturedPieces(line_id="l1", quantity=3),)}, "/lines/0/quantity"),
        ({"at": "Feb 20"}, "/captured_at"),
    ],
)
def test_a_capture_is_of_a_payment_and_of_lines_that_the_order_has(changed: dict[str, Any], pointer: str) -> None:
    refused = given(decider, after({}, shared(*HALF))).when(capture("1.00", **changed)).then_rejects(ValidationFailed)
    assert refused.errors[0]["pointer"] == pointer


def test_nobody_captures_for_an_order_that_is_not_known() -> None:
    given(decider).when(capture("1.00")).then_rejects(NotFound)


def test_s66_what_is_taken_of_a_cancelled_order_goes_back_at_once() -> None:
    told = record(FactType.CANCELLED, on("Mar 1"), by="buyer")
    cancelled = after({}, shared(*HALF), CancelOrder(**dict(told)))
    asked = [event for event in cancelled[f"order-{ORDER}"] if isinstance(event, OrderCancelled | RefundDue)]
    assert [event.amount for event in asked if isinstance(event, RefundDue)] == [usd("60.00")]
    _, due = given(decider, cancelled).when(capture("10.00")).then_types(OrderCaptured, RefundDue).events
    assert (due.amount, due.lines) == (usd("10.00"), parts(l1="6.00", l2="4.00"))


def test_s24_what_is_taken_after_the_seller_was_paid_is_the_sellers_at_once() -> None:
    finished = after({}, shared(*HALF, facts=facts(shipped="Mar 1", finished="Mar 20")))
    over = after(finished, expire_order("protection_end", on("Apr 5", "00:00")))
    paid = after(over, expire_order("release", on("Apr 5", "01:00")))
    assert order_of(paid).completed
    _, released = given(decider, paid).when(capture("40.00", at="Apr 6")).events
    assert isinstance(released, PaymentReleased)
    assert (released.amount, released.lines) == (usd("40.00"), parts(l1="24.00", l2="16.00"))


def test_g1_where_the_programmes_list_is_a_gate_every_payment_has_to_be_on_it() -> None:
    gate = terms(payment_methods_only=True, payment_methods=("visa",))
    shipped = after({}, shared(*CARD_AND_BALANCE, terms=gate, facts=facts(shipped="Mar 1")))
    refused = given(decider, shipped).when(open_dispute(on("Mar 14"), amount="1.00"))
    assert refused.then_rejects(PaymentMethodNotAccepted).members["method"] == "balance"


def test_an_order_is_registered_in_an_active_currency_alone() -> None:

    euros = register(*TWO)
    withdrawn = euros.payment.model_copy(update={"amount": Money(10000, "HRK")})
    given(decider).when(euros.model_copy(update={"payment": withdrawn})).then_rejects(ValidationFailed)


def test_s24_an_order_of_which_nothing_was_ever_taken_ends_with_r() -> None:
    shipped = after({}, shared(*AUTHORISED, facts=facts(shipped="Mar 1", finished="Mar 20")))
    over = after(shipped, expire_order("protection_end", on("Apr 5", "00:00")))
    assert order_of(over).due("release") == on("Apr 5", "01:00")
    given(decider, over).when(expire_order("release", on("Apr 5", "01:00"))).then_types(OrderCompleted)


def asked_back() -> Any:
    """Half was taken, and all of that is to go back to the buyer; the rest is still to be taken."""
    taken = after({}, shared(*HALF, facts=facts(shipped="Mar 1")))
    both = tuple(RequestedLine(line_id=name, quantity=line.quantity) for name, line in order_of(taken).lines.items())
    return after(taken, open_dispute(on("Mar 14"), amount="60.00", lines=both), respond(Decision.ACCEPT, on("Mar 15")))


def at_protection_end(happened: Any) -> Any:
    end = order_of(happened).protection_ends_at
    assert end
    return after(happened, expire_order("protection_end", end))


def test_s24_an_order_that_went_back_as_far_as_it_was_taken_waits_for_the_rest_until_r() -> None:
    back = after(asked_back(), note_refund(refund_due(asked_back()), on("Mar 16")))
    assert not order_of(back).completed
    over = at_protection_end(back)
    due = order_of(over).due("release")
    assert due
    given(decider, over).when(expire_order("release", due)).then_types(OrderCompleted)


def test_s24_what_goes_back_once_r_has_come_is_the_end_of_it() -> None:
    over = at_protection_end(asked_back())
    release_at = order_of(over).release_at
    assert release_at and order_of(over).due("release") is None
    back = after(over, note_refund(refund_due(asked_back()), release_at))
    assert order_of(back).completed


def test_g9_what_is_taken_while_a_dispute_is_open_is_no_part_of_it_and_of_the_next_one() -> None:
    shipped = after({}, shared(*AUTHORISED, facts=facts(shipped="Mar 1")))
    l1 = (CapturedPieces(line_id="l1"),)
    whole: dict[str, Any] = {"lines": (RequestedLine(line_id="l1", quantity=2),)}
    opened = after(shipped, capture("30.00", lines=l1), open_dispute(on("Mar 14"), amount="30.00", **whole))
    more = after(opened, capture("30.00", at="Mar 15", capture_id="cap-2", lines=l1))
    assert order_of(more).lines["l1"].cap == usd("60.00")
    answered = after(more, counter(on("Mar 16"), "10.00"))
    given(decider, answered).when(modify(on("Mar 17"), amount="30.01")).then_rejects(AmountExceedsCap)
    again = after(more, cancel(on("Mar 16")))
    (anew, *_) = given(decider, again).when(open_dispute(on("Mar 17"), amount="60.00", n=2, **whole)).events
    assert isinstance(anew, DisputeOpened)
    assert anew.lines[0].cap == usd("60.00")
