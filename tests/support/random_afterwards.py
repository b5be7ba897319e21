"""Lives of disputes in which finance tells what became of what is asked back, and goods come after the refund."""

from __future__ import annotations

from dispute.domain.orders.cancellation import disputes_of
from shared.events.mediation.clawbacks import ClawbackEnd
from shared.events.mediation.repayments import RepaymentWay
from tests.support.builders.afterwards import agree_on, confirm, end_clawback, note_late, report_late
from tests.support.builders.disputes import dispute_stream
from tests.support.builders.orders import BUYER, SELLER, SHOP
from tests.support.random_law import Lawful
from tests.support.random_life import Life, Move
from tests.support.random_words import Words

PARTIES = ("buyer", "seller")


class Afterwards(Life):
    """What comes behind the refund, mixed into other lives; much of it too early."""

    def _moves(self) -> list[Move]:
        disputes = [self.market.state(dispute_stream(n)) for n in range(self.opened)]
        backs = [back.clawback_id for dispute in disputes for back in dispute.case.clawbacks.requested]
        over = [dispute.case.clawbacks for dispute in disputes if dispute.closed]
        waiting = [back.clawback_id for of in over for party in PARTIES if (back := of.standing(party))]
        said = [
            (2, lambda: self._ask(report_late, BUYER, n=self._any())),
            (1, lambda: self._ask(note_late, SHOP, n=self._any())),
            (3, self._agree),
            (1, lambda: self._ask(confirm, SELLER, n=self._any())),
        ]
        ends = [(2, lambda: self._end(self.dice.choice(backs)))] if backs else []
        ends += [(20, lambda: self._end(self.dice.choice(waiting)))] if waiting else []
        return [*super()._moves(), *(said if self.opened else []), *ends]

    def _any(self) -> int:
        return self.dice.randrange(self.opened)

    def _end(self, clawback_id: str) -> None:
        end = self.dice.choice(list(ClawbackEnd))
        disputes = tuple(sorted(disputes_of(self.market.order)))
        self.market.ask(end_clawback(clawback_id, self.market.now, end, disputes))

    def _agree(self) -> None:
        party, way = self.dice.choice([BUYER, SELLER]), self.dice.choice(list(RepaymentWay))
        self._ask(agree_on, party, amount=self.dice.choice(["0.01", "0.05", "0.10"]), way=way, n=self._any())


class CollectedWords(Afterwards, Words):
    """Word upon word on the same money, and what is asked back of the buyer comes or does not."""


class CollectedByLaw(Afterwards, Lawful):
    """Disputes about what the seller was paid, and what is asked of him comes or does not."""
