"""Laws of a command's slot: its order's, but for a buyer's quota, and every id that it makes says so."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters, digits
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispute.domain.deadlines import DeadlineKind, ExpireDeadline
from dispute.domain.disputes.agreement.offers import CounterOffer
from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.fulfilment import NoteRefund, NoteReturn
from dispute.domain.disputes.negotiation import RespondToDispute
from refund.domain.payments.retries import RetryRefund
from refund.domain.payments.second_person import AgreeToProposal
from return_label.domain.decider import decider as returns
from return_label.domain.returns.findings import InspectReturn
from return_label.domain.returns.request import RequestReturn
from shared.events.base import Command, Event, StreamName, StreamOfKey
from shared.events.dispute import Decision, RefundOutcome, ReturnOutcome, SolutionType
from shared.events.ids import derived_id
from shared.events.mediation.proposals import ProposalKind
from shared.events.outside.ids import is_outside_id
from shared.events.return_label import ReturnLabelIssued
from shared.events.slot import slot_of, slot_of_id, slot_of_stream
from tests.support.builders import returns as r
from tests.support.builders.disputes import open_dispute
from tests.support.builders.orders import BUYER, on, register, usd
from tests.support.spec import given as decided

ORDERS = st.text(f"{ascii_letters}{digits}._:-", min_size=1, max_size=64).filter(is_outside_id)
"""Every id that a command takes; the law of slots itself takes any text."""
AT = on("Mar 12")


def asked(order_id: str, command_id: Any) -> Sequence[Command]:
    """Commands of all services about one order, its dispute, its refund and its return."""
    who = {"command_id": command_id, "actor": BUYER, "at": AT}
    opened = open_dispute(AT, order_id=order_id).model_copy(update=who)
    dispute_id, refund_id, return_id = opened.dispute_id, derived_id("rfd", order_id, 1), derived_id("ret", order_id, 1)
    both = {**who, "dispute_id": dispute_id, "order_id": order_id, "reason": None, "source_event": "x/1"}
    offered = CounterOffer(type=SolutionType.REFUND_ONLY, amount=usd("1.00"), address="Pier 1")
    return [
        opened,
        register(order_id=order_id, return_address="Pier 1").model_copy(update=who),
        RespondToDispute(**who, dispute_id=dispute_id, decision=Decision.COUNTER, solution=offered, reason="so"),
        CancelDispute(**who, dispute_id=dispute_id, acknowledge_release=True),
        NoteRefund(**both, refund_id=refund_id, outcome=RefundOutcome.ISSUED, amount=usd("1.00"), lines=()),
        NoteReturn(**both, return_id=return_id, outcome=ReturnOutcome.AUTHORIZED),
        ExpireDeadline(
            **who, stream=f"dispute-{dispute_id}", key=order_id, kind=DeadlineKind.BUYER_RESPONSE, due_at=AT
        ),
        RetryRefund(**who, order_id=order_id, refund_id=refund_id),
        AgreeToProposal(**who, order_id=order_id, refund_id=refund_id, answers=ProposalKind.RETRY, agree="prp_1"),
        InspectReturn(**who, return_id=return_id, result="pass", note="scratched"),
        RequestReturn(
            **who, **r.ASKED | {"ship_days": 10}, return_id=return_id, order_id=order_id, dispute_id=dispute_id
        ),
    ]


@given(ORDERS, st.uuids())
def test_all_streams_of_a_command_have_its_orders_slot(order_id: str, command_id: Any) -> None:
    for command in asked(order_id, command_id):
        of_order = [name for name in (_name(stream, order_id) for stream in command.streams) if not _is_quota(name)]
        assert {slot_of_stream(name) for name in of_order} == {slot_of(order_id)}, command


def _is_quota(name: str) -> bool:
    """A buyer's labels are of many orders: their stream lies where the buyer does, in the one log of all returns."""
    return name.startswith("label_quota-")


def _name(stream: StreamName | StreamOfKey, key: str) -> str:
    return stream.named(key).name if isinstance(stream, StreamOfKey) else stream.name


@given(ORDERS, st.uuids())
def test_the_ids_of_texts_carry_it_too_so_that_they_move_with_their_order(order_id: str, command_id: Any) -> None:
    refs = [text.ref for command in asked(order_id, command_id) for text in command.personal]
    assert len(refs) == 5
    assert {slot_of_id("txt", ref) for ref in refs} == {slot_of(order_id)}


@given(ORDERS, st.uuids())
def test_a_label_carries_its_orders_slot(order_id: str, command_id: Any) -> None:
    *_, request = asked(order_id, command_id)
    events: Sequence[Event] = decided(returns).when(request).events
    (label,) = [event.label_id for event in events if isinstance(event, ReturnLabelIssued)]
    assert slot_of_id("lbl", label) == slot_of(order_id)
