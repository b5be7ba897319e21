"""Lives of one dispute that the platform has: word upon word on the same money, by the case team, an appeal, support
and the parties, while refunds, goods and replacements come or do not.
"""

from __future__ import annotations

from random import Random
from typing import Any

from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.cancellation import disputes_of
from dispute.domain.orders.facts import FactType
from dispute.domain.orders.payments.caps import refundable
from shared.events.dispute import SENT_AGAIN, Decision, Reason, RefundOutcome, SolutionType
from shared.events.mediation import Outcome
from shared.events.money import Money
from tests.support.builders import mediation
from tests.support.builders.disputes import accept, dispute_stream, note_refund, open_dispute, receive, respond
from tests.support.builders.orders import BUYER, SELLER, facts, on, order_line, record, register, terms
from tests.support.random_life import WITH_THE_TEAM, Life, Move

PROMISED = on("Mar 5").date()


class Words(Life):
    """An order of some lines, all of them in one dispute that was escalated."""

    def __init__(self, dice: Random, address: str | None = None) -> None:
        super().__init__(dice, address)
        named = self.market.order.lines.values()
        lines = tuple(RequestedLine(line_id=line.line_id, quantity=line.quantity) for line in named)
        asked = Money(sum(refundable(line, line.quantity).minor for line in named), "USD").amount
        now = self.market.now
        self.market.ask(open_dispute(now, n=0, amount=asked, lines=lines, reason=Reason.LATE))
        self.opened = 1
        self.market.ask(respond(Decision.REJECT, now, SELLER, n=0))
        self.market.ask(mediation.escalate(self.market.now, BUYER, n=0))
        assert self.of(DisputeState.ESCALATED) == [0]

    def _register(self) -> None:
        self.shipped = bool(self.dice.randrange(3))
        prices = [Money(self.dice.randint(1, 20), "USD").amount for _ in range(self.dice.randint(1, 2))]
        lines = [order_line(f"l{i}", price, self.dice.randint(1, 2)) for i, price in enumerate(prices)]
        told = facts(shipped="Mar 1" if self.shipped else None)
        two = self.dice.choice([(), (), (Money(self.dice.randint(0, 30), "USD"),)])
        bound: dict[str, Any] = {"terms": terms(two_person_amounts=two), "return_address": self.address}
        self.market.ask(register(*lines, facts=told, promised_by=PROMISED, **bound))

    def _cancelled(self) -> None:
        disputes = tuple(sorted(disputes_of(self.market.order)))
        told = record(FactType.CANCELLED, self.market.now, by="seller")
        self.market.ask(CancelOrder(**dict(told) | {"disputes": disputes}))

    def _moves(self) -> list[Move]:
        dispute = self.market.state(dispute_stream(0))
        held, decided = dispute.state in WITH_THE_TEAM, dispute.state == DisputeState.DECIDED
        reviewed, appealed = dispute.state == DisputeState.UNDER_REVIEW, dispute.state == DisputeState.APPEAL_REVIEW
        return [
            (1, self._time_passes),
            (1 if self._rarely() and not self.shipped else 0, self._cancelled),
            (6 if dispute.state == DisputeState.ESCALATED or dispute.replacement.is_awaited else 0, self._hurry),
            (1 if decided else 0, self._hurry),
            (1 if held else 0, lambda: self._respond(0)),
            (1 if held and dispute.offer else 0, lambda: self._ask(accept, BUYER, n=0)),
            (1 if dispute.replacement.is_awaited else 0, lambda: self._ask(receive, BUYER, n=0)),
            (12 if reviewed else 0, lambda: self.decide(0)),
            (8 if decided else 0, lambda: self._of_a_party(mediation.appeal, [0])),
            (12 if appealed else 0, lambda: self._decide_appeal(0)),
            (5 if dispute.replacement.is_awaited or self._rarely() else 0, lambda: self._force(0)),
            (20 if dispute.case.proposal else 0, lambda: self._second_word(0)),
            (20 if self.market.unpaid() else 0, self._refund),
            (6 if self.market.under_way() else 0, self._return),
        ]

    def _hurry(self) -> None:
        """The clock goes to what is due first."""
        if self.market.rows:
            self.market.now = max(self.market.now, min(self.market.rows.values()))
            self.market.fire(*self.market.due()[0])

    def _ruling(self, n: int) -> dict[str, Any]:
        """In the place of money something is sent again, which does not come, and the money is ruled on once more."""
        dispute = self.market.state(dispute_stream(0))
        if dispute.refunds and not dispute.case.asked_back and self.dice.randrange(4):
            return {"outcome": Outcome.BUYER_FAVOUR, "type": self.dice.choice(SENT_AGAIN)}
        return super()._ruling(n)

    def _kind(self) -> SolutionType:
        return self.dice.choice([SolutionType.REFUND_ONLY, SolutionType.REFUND_ONLY, super()._kind()])

    def _refund(self) -> None:
        """Most of it is paid at once."""
        outcome = RefundOutcome.ISSUED if self.dice.randrange(9) else RefundOutcome.FAILED
        self.market.ask(note_refund(self.dice.choice(self.market.unpaid()), self.market.now, outcome))
