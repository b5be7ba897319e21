"""The worst provider that the port's words allow.

It pays whatever it is asked for and only honours idempotency keys, so that nothing but this service's own decisions
keeps the books within the cap. It pays and does not answer, or does neither; it takes a refund and is not done with it;
it forgets a key after a day, also where it is asked after it, and may keep no books besides; at times it pays something
else than was asked, or says that it paid another refund; and a bank may send back what it paid.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from refund.gateways.port import Answer, Declined, Issued, Pending, RefundCall, Unanswered
from shared.events.money import Money
from tests.support.builders import refunds as p

FAULTS = (*("decline", "timeout_before", "timeout_after", "error_not_kept", "other_amount", "other_refund", "pending"),)
FORGETS_AFTER = timedelta(hours=24)


class WorstProvider:
    """Pays every key that it remembers once; `fault` is what happens to the next question."""

    def __init__(self) -> None:
        self.now = p.MONDAY
        self.answers: dict[str, tuple[Answer | Pending, datetime]] = {}
        self.books: dict[str, Issued | Pending] = {}
        self.ledger: list[tuple[str, int]] = []
        self.went: dict[str, RefundCall] = {}
        self.fault = "none"
        self.reason = "account_invalid"
        self.keeps_books = True

    async def refund(self, call: RefundCall) -> Answer | Pending:
        if self.fault in ("timeout_before", "error_not_kept"):
            raise Unanswered
        answer = self._remembered(call)
        if answer is None:
            answer = self._pay(call)
            self.answers[call.idempotency_key] = answer, self.now
        if self.fault in ("timeout_after", "error_after"):
            raise Unanswered
        return self._by_now(answer)

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        if self.fault.startswith("timeout"):
            raise Unanswered
        found = self._remembered(call) or (self.books.get(call.refund_id) if self.keeps_books else None)
        return self._by_now(found) if found else None

    def comes_back(self, refund_id: str, reason: str) -> RefundCall:
        """A bank sends the money back: it is in the books no more, and its key is answered so; by which call it
        went.
        """
        call = self.went.pop(refund_id)
        self.ledger.remove(next(line for line in self.ledger if line[0] == refund_id))
        self.books.pop(refund_id, None)
        _, at = self.answers[call.idempotency_key]
        self.answers[call.idempotency_key] = Declined(reason, p.said(call)), at
        return call

    def _remembered(self, call: RefundCall) -> Answer | Pending | None:
        answer, at = self.answers.get(call.idempotency_key, (None, self.now))
        return None if self.now - at > FORGETS_AFTER else answer

    def _by_now(self, answer: Answer | Pending) -> Answer | Pending:
        """What is pending is done as soon as nothing holds it up."""
        if isinstance(answer, Pending) and self.fault != "pending":
            return Issued(answer.provider_ref, answer.said)
        return answer

    def _pay(self, call: RefundCall) -> Answer | Pending:
        if self.fault == "decline":
            return Declined(self.reason, p.said(call))
        minor = call.amount.minor - (self.fault == "other_amount")
        self.ledger.append((call.refund_id, minor))
        self.went[call.refund_id] = call
        said = p.said(call, amount=Money(minor, call.amount.currency, call.amount.exponent).amount)
        if self.fault == "other_refund":
            said = p.said(call, refund_id="rfd_OTHER")
        kind = Pending if self.fault == "pending" else Issued
        return self.books.setdefault(call.refund_id, kind(call.idempotency_key, said))
