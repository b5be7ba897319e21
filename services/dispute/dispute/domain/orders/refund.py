"""Refunds of an order: how one is asked for, its own ones without a dispute (S66), and the last note on every one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome, RefundSource
from shared.events.money import total
from shared.events.open_enums import Open
from shared.events.order import LineAmount, Terms


@dataclass(frozen=True, slots=True)
class Refund:
    """What was asked for, and the refund service's last word on it."""

    due: RefundDue
    outcome: Open[RefundOutcome] | None = None


def due_for(
    terms: Terms, lines: Sequence[LineAmount], source: RefundSource, rules: tuple[str, ...], **ids: Any
) -> RefundDue:
    """Asks for the money of these lines; `ids` say whose it is."""
    return RefundDue(
        lines=tuple(lines),
        amount=total([part.amount for part in lines]),
        source=source,
        bank_window_bd=terms.refund_bank_window_bd,
        timezone=terms.timezone,
        holidays=terms.holidays,
        rules=rules,
        **ids,
    )


def noted(refunds: Mapping[str, Refund], event: RefundNoted) -> Mapping[str, Refund]:
    """The order's own refunds with the refund service's word on one of them."""
    refund = refunds.get(event.refund_id)
    return {**refunds, event.refund_id: replace(refund, outcome=event.outcome)} if refund else refunds


def noted_last(notes: Mapping[str, RefundNoted], event: RefundNoted) -> Mapping[str, RefundNoted]:
    """The last note on each refund, the newest at the end."""
    return {name: note for name, note in notes.items() if name != event.refund_id} | {event.refund_id: event}
