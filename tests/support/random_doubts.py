"""Lives of an order whose refunds are given up while nobody knows whether they were paid (T31a, ADR 55)."""

from __future__ import annotations

from shared.events.dispute import RefundDue, RefundOutcome
from shared.events.ids import derived_uuid
from tests.support.builders.disputes import note_refund
from tests.support.random_late import Late
from tests.support.random_life import Move


class Doubtful(Late):
    """Much is given up in doubt, and some time later it is known."""

    def _moves(self) -> list[Move]:
        owed, doubtful = [due for due in self.market.unpaid() if self._fits(due)], self.market.in_doubt()
        given_up = (9 if owed else 0, lambda: self._give_up_in_doubt(self.dice.choice(owed)))
        known = (2 if doubtful else 0, lambda: self._known(self.dice.choice(doubtful)))
        return [*super()._moves(), given_up, known]

    def _fits(self, due: RefundDue) -> bool:
        """Whether the refund service begins it: money in doubt counts against the cap there too (T31a)."""
        gone = self.market.refunded() + self.market.released() + self.market.doubtful() - self.market.reclaimed()
        lines, doubtful = self.market.order.lines, self.market.doubtful()
        return all(
            not doubtful[part.line_id] or gone[part.line_id] + part.amount.minor <= lines[part.line_id].cap.minor
            for part in due.lines
        )

    def _refund(self) -> None:
        """What does not fit is refused."""
        if refused := [due for due in self.market.unpaid() if not self._fits(due)]:
            self.market.ask(note_refund(refused[0], self.market.now, RefundOutcome.REFUSED))
        else:
            super()._refund()

    def _give_up_in_doubt(self, due: RefundDue) -> None:
        note = note_refund(due, self.market.now, RefundOutcome.ABANDONED)
        self.market.ask(note.model_copy(update={"in_doubt": due.lines}))

    def _known(self, due: RefundDue) -> None:
        """It was not paid, or it was: told again at times, under another id."""
        outcome = self.dice.choice([RefundOutcome.FOUND_UNPAID, RefundOutcome.FOUND_UNPAID, RefundOutcome.ISSUED])
        note = note_refund(due, self.market.now, outcome)
        self.market.ask(note)
        if self._rarely():
            assert not self.market.ask(note.model_copy(update={"command_id": derived_uuid("again", note.command_id)}))
