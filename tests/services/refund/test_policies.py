"""What the dispute service's events lead to in the refund service."""

from __future__ import annotations

from refund.domain.payments.request import RecordCapture, RequestRefund
from refund.policies import react
from tests.support.builders import refunds as p
from tests.support.builders import returns as r
from tests.support.policies import recorded, sent


def test_on_a_paid_order_the_capture_is_recorded() -> None:
    command: RecordCapture = sent(react, p.PAID)
    assert isinstance(command, RecordCapture)
    (payment,) = p.PAID.payments
    assert (command.payment_id, command.amount, command.lines) == ("pay1", payment.amount, payment.lines)
    assert [(stream.name, stream.key) for stream in command.streams] == [("payment-o1", "o1")]


def test_an_order_paid_by_several_payments_has_a_capture_of_each() -> None:
    card, voucher = (p.PAID.payments[0].model_copy(update={"payment_id": name}) for name in ("card", "voucher"))
    sends = list(react(recorded(p.PAID.model_copy(update={"payments": (card, voucher)}))))
    assert [getattr(send.command, "payment_id", None) for send in sends] == ["card", "voucher"]
    assert len({send.command.command_id for send in sends}) == 2


def test_on_a_refund_due_the_refund_is_requested() -> None:
    command: RequestRefund = sent(react, p.DUE)
    assert isinstance(command, RequestRefund)
    assert command.model_dump(exclude={"command_id", "actor", "at"}) == p.DUE.model_dump(exclude={"buyer_id"})


def test_other_events_are_nothing_to_the_policy() -> None:
    assert list(react(recorded(r.DUE))) == []


def test_the_same_event_seen_twice_sends_the_very_same_command() -> None:
    assert sent(react, p.DUE) == sent(react, p.DUE)


def test_two_events_never_send_one_command() -> None:
    first, second = recorded(p.DUE), recorded(p.DUE, "dispute-dsp_9a32")
    ids = {send.command.command_id for event in (first, second) for send in react(event)}
    assert len(ids) == 2
