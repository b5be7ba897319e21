"""Refunds of an order: those that it asked for itself, without a dispute (S66), and the last note on every one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome
from shared.events.open_enums import Open


@dataclass(frozen=True, slots=True)
class Refund:
    """What was asked for, and the refund service's last word on it."""

    due: RefundDue
    outcome: Open[RefundOutcome] | None = None


def noted(refunds: Mapping[str, Refund], event: RefundNoted) -> Mapping[str, Refund]:
    """The order's own refunds with the refund service's word on one of them."""
    refund = refunds.get(event.refund_id)
    return {**refunds, event.refund_id: replace(refund, outcome=event.outcome)} if refund else refunds


def noted_last(notes: Mapping[str, RefundNoted], event: RefundNoted) -> Mapping[str, RefundNoted]:
    """The last note on each refund, the newest at the end."""
    return {name: note for name, note in notes.items() if name != event.refund_id} | {event.refund_id: event}
