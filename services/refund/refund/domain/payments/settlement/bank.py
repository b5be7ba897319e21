"""What the bank says of a refund that was issued: the money is there, or it comes back (T32, T32a, S63).

The word is about one payment, as the provider knows it: a part of a refund, and the attempt under whose key it went. A
word about an earlier one, which came late or twice, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from refund.domain.payments.issuing import gone, money_of
from refund.domain.payments.outcomes import OutcomeCommand
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.state import Payment
from shared.events.base import Event
from shared.events.refund import RefundReturnedByBank, RefundSettled
from shared.rejections import WrongPhase

WENT = (RefundState.ISSUED, RefundState.SETTLED)
"""The states of a part whose money a bank may credit or send back."""


class RecordSettled(OutcomeCommand):
    """The bank confirmed the credit."""

    @classmethod
    def of(cls, order_id: str, part_id: str, attempt: int, at: datetime) -> Self:
        return cls.derived("settled", part_id, attempt, order_id=order_id, at=at)


class RecordReturned(OutcomeCommand):
    """The bank sent the money back, for this reason."""

    reason: str

    @classmethod
    def of(cls, order_id: str, part_id: str, attempt: int, reason: str, at: datetime) -> Self:
        return cls.derived("returned", part_id, attempt, order_id=order_id, reason=reason, at=at)


def record_settled(command: RecordSettled, payment: Payment) -> Sequence[Event]:
    """Once; WrongPhase where the money has not gone."""
    spoken_of = _spoken_of(command, payment)
    if not spoken_of or spoken_of[1].state is RefundState.SETTLED:
        return []
    return [settled(*spoken_of, command.at)]


def record_returned(command: RecordReturned, payment: Payment) -> Sequence[Event]:
    """Once, also of money that a bank had confirmed before; WrongPhase where it has not gone."""
    spoken_of = _spoken_of(command, payment)
    return [returned(*spoken_of, command.reason, command.at)] if spoken_of else []


def settled(refund: Refund, part: Part, at: datetime) -> RefundSettled:
    """This part's money is there, and with the last part's all of it."""
    step = refund.step(part, RefundState.SETTLED)
    is_last = not step or step.refund_state == RefundState.SETTLED
    return _settled(refund, gone(refund) if is_last else [part], at, part=step)


def settled_before(refund: Refund) -> Sequence[RefundSettled]:
    """That a refund is settled once nothing more of it is paid: the bank had confirmed all parts that went."""
    ends = [part.settled_at for part in gone(refund)]
    if not refund.issued or not ends or not all(ends):
        return []
    return [_settled(refund, gone(refund), max(filter(None, ends)))]


def settled_again(refund: Refund) -> RefundSettled:
    """The whole refund stays settled, since when it was."""
    assert refund.settled_at
    return _settled(refund, gone(refund), refund.settled_at, again=True)


def _settled(refund: Refund, parts: Sequence[Part], at: datetime, **more: Any) -> RefundSettled:
    return RefundSettled(**refund.event_fields | money_of(refund, parts) | more, settled_at=at, rules=("S62", "T32"))


def returned(refund: Refund, part: Part, reason: str, at: datetime) -> RefundReturnedByBank:
    """This part's money is owed again."""
    fields: dict[str, Any] = refund.fields_of(part, RefundState.RETURNED_BY_BANK) | {"destination": refund.destination}
    return RefundReturnedByBank(
        **fields, reason=reason, failures=part.failures + 1, returned_at=at, rules=("S63", "T32a")
    )


def _spoken_of(command: OutcomeCommand, payment: Payment) -> tuple[Refund, Part] | None:
    """The refund and its part, where the word is about the payment that was its last."""
    refund, part = payment.part(command.refund_id)
    if part and command.attempt < part.failures:
        return None
    WrongPhase.unless_in("refund", part.state if part else refund.state, *WENT)
    assert part
    return refund, part
