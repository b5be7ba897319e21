"""Folds: one stream's state while its events go by, and the rows that it must have by its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ops.audit.database import Row
from ops.audit.deadlines import Due
from ops.audit.entry import Entry
from ops.audit.read_models import ModelCheck, Subject
from ops.audit.readings import (
    clawbacks,
    disputes,
    evidence,
    mediation,
    orders,
    payments,
    quotas,
    return_reasons,
    waiting,
)
from ops.audit.readings.fold import Checks, Fold, Rows
from ops.audit.readings.plain import ReminderFold
from ops.audit.readings.returns import ReturnFold
from ops.audit.readings.warranties import WarrantyFold


class OrderFold:
    """An order and its row."""

    def __init__(self, checks: Checks, rows: Mapping[str, Rows], order_id: str) -> None:
        self._checks, self._id, self._state = checks, order_id, orders.beginning()
        self._model = checks.models["order_status"]
        self._row = rows["order_status"].take(order_id)
        self._subject = self._model.subject(self._row)
        self._returns = RowsBeside(checks.models["own_return_reasons"], rows["own_return_reasons"], order_id)
        self._asked_back: dict[str, Row] = {}
        self._clawbacks = RowsBeside(checks.models["goodwill_clawbacks"], rows["goodwill_clawbacks"], order_id)

    def add(self, entry: Entry) -> None:
        orders.fold(self._state, entry)
        self._returns.see_all(entry, return_reasons.rows(entry))
        clawbacks.fold(self._asked_back, entry)
        self._clawbacks.see(entry, entry.data.get("clawback_id"), self._asked_back)
        self._model.see(self._subject, entry.position, orders.row(self._state))

    def wanted(self) -> Due:
        return orders.wanted(self._state)

    def end(self, last: Entry) -> Iterator[str]:
        self._model.compare(self._id, self._subject, self._row)
        self._returns.compare()
        self._clawbacks.compare()
        held = list(orders.held(self._state))
        cancelled = self._state["cancelled_at"] is not None
        self._checks.facts.order(self._id, held, cancelled, self._checks.settled(last))
        return iter(())


class DisputeFold:
    """A dispute, its row and its history."""

    def __init__(self, checks: Checks, rows: Mapping[str, Rows], dispute_id: str) -> None:
        self._checks, self._id, self._state = checks, dispute_id, disputes.beginning()
        self._model, self._history = checks.models["disputes"], checks.models["dispute_history"]
        self._row, self._entries = rows["disputes"].take(dispute_id), rows["dispute_history"]
        self._subject = self._model.subject(self._row)
        self._asked_back: dict[str, Row] = {}
        self._clawbacks = RowsBeside(checks.models["clawbacks"], rows["clawbacks"], dispute_id)
        self._returns = RowsBeside(checks.models["return_reasons"], rows["return_reasons"], dispute_id)

    def add(self, entry: Entry) -> None:
        disputes.fold(self._state, entry)
        clawbacks.fold(self._asked_back, entry)
        self._clawbacks.see(entry, entry.data.get("clawback_id"), self._asked_back)
        self._returns.see_all(entry, return_reasons.rows(entry))
        self._model.see(self._subject, entry.position, disputes.row(self._state))
        if entry.name in mediation.NO_ENTRY:
            return
        row = self._entries.take((self._id, entry.version))
        subject = self._history.subject(row)
        self._history.see(subject, entry.position, disputes.history_row(entry))
        self._history.compare(f"{self._id}/{entry.version}", subject, row)

    def wanted(self) -> Due:
        return waiting.wanted(self._state)

    def end(self, last: Entry) -> Iterator[str]:
        self._model.compare(self._id, self._subject, self._row)
        self._clawbacks.compare()
        self._returns.compare()
        paid_out, settled = self._state["paid_out"], self._checks.settled(last)
        lines = [(line, line in paid_out) for line, _ in self._state["lines"]]
        self._checks.facts.dispute(self._id, self._state["order_id"], self._state["state"], lines, settled)
        return disputes.owed(self._state)


class EvidenceFold:
    """An item of evidence and its row."""

    def __init__(self, checks: Checks, rows: Mapping[str, Rows], evidence_id: str) -> None:
        self._id, self._state, self._model = evidence_id, evidence.beginning(), checks.models["evidence"]
        self._row = rows["evidence"].take(evidence_id)
        self._subject = self._model.subject(self._row)

    def add(self, entry: Entry) -> None:
        evidence.fold(self._state, entry)
        self._model.see(self._subject, entry.position, evidence.row(self._state))

    def wanted(self) -> Due:
        return evidence.wanted(self._state)

    def end(self, last: Entry) -> Iterator[str]:
        self._model.compare(self._id, self._subject, self._row)
        return iter(())


class RowsBeside:
    """Rows of what a stream is about beside its own: a payment's chargebacks, a dispute's clawbacks, what goes back."""

    def __init__(self, model: ModelCheck, rows: Rows, stream_id: str) -> None:
        self._model, self._rows, self._id = model, rows, stream_id
        self._subjects: dict[str, tuple[Subject, Row | None]] = {}

    def see(self, entry: Entry, name: str | None, found: Mapping[str, Row]) -> None:
        """The stream's next event about the one of this name, after which they are these."""
        if not name or name not in found or entry.name == "RefundHeld":
            return
        if name not in self._subjects:
            row = self._rows.take((self._id, name))
            self._subjects[name] = self._model.subject(row), row
        self._model.see(self._subjects[name][0], entry.position, dict(found[name]))

    def see_all(self, entry: Entry, made: Mapping[str, Row]) -> None:
        """The rows that the stream's next event makes."""
        for name in made:
            self.see(entry, name, made)

    def compare(self) -> None:
        """The rows beside what they must show."""
        for name, (subject, row) in self._subjects.items():
            self._model.compare(name, subject, row)


class PaymentFold:
    """A payment with its refunds, and their rows."""

    def __init__(self, checks: Checks, rows: Mapping[str, Rows], order_id: str) -> None:
        self._checks, self._id, self._state = checks, order_id, payments.beginning()
        self._refunds, self._payments = checks.models["refunds"], checks.models["payments"]
        self._rows, self._row = rows["refunds"], rows["payments"].take(order_id)
        self._chargebacks = RowsBeside(checks.models["chargebacks"], rows["chargebacks"], order_id)
        self._subjects: dict[str, tuple[Subject, Row | None]] = {}
        self._captures: list[tuple[int, Any]] = []

    def add(self, entry: Entry) -> None:
        payments.fold(self._state, entry)
        if entry.name == "PaymentCaptured":
            self._captures.append((entry.position, {"order_id": self._id, **(payments.payment_row(self._state) or {})}))
        if refund_id := entry.data.get("refund_id"):
            subject = self._subject(refund_id)
            self._refunds.see(subject, entry.position, payments.refund_row(self._state, refund_id))
        self._chargebacks.see(entry, entry.data.get("chargeback_id"), self._state["chargebacks"])

    def wanted(self) -> Due:
        return payments.wanted(self._state)

    def end(self, last: Entry) -> Iterator[str]:
        for refund_id, (subject, row) in self._subjects.items():
            self._refunds.compare(refund_id, subject, row)
        self._chargebacks.compare()
        self._compare_payment()
        return payments.owed(self._state, self._checks.now) if self._checks.now else iter(())

    def _subject(self, refund_id: str) -> Subject:
        if refund_id not in self._subjects:
            row = self._rows.take((self._id, refund_id))
            self._subjects[refund_id] = self._refunds.subject(row), row
        return self._subjects[refund_id][0]

    def _compare_payment(self) -> None:
        # The row does not say which capture it shows the payment after: one that it may show by now.
        row = self._row
        shown = [position for position, values in self._captures if row and row.items() >= values.items()]
        if row and shown:
            row["position"] = shown[-1]
        elif row:
            row["position"] = self._captures[-1][0] if self._captures else 0
        subject = self._payments.subject(row)
        for position, values in self._captures:
            self._payments.see(subject, position, values)
        self._payments.compare(self._id, subject, row)


FOLDS: Mapping[str, Callable[[Checks, Mapping[str, Rows], str], Fold]] = {
    "order": OrderFold,
    "dispute": DisputeFold,
    "evidence": EvidenceFold,
    "label_quota": quotas.QuotaFold,
    "payment": PaymentFold,
    "reminder": ReminderFold,
    "return": ReturnFold,
    "warranty": WarrantyFold,
}
"""By category; of any other nothing is kept."""
