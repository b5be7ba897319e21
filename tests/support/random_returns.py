"""Lives of an order of which goods go back without a dispute as well, beside disputes, gifts and a cancellation."""

from __future__ import annotations

from random import Random

from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.difference import Minor, passed
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import Dispute
from shared.events.dispute import ReturnKind
from shared.events.ids import derived_uuid
from shared.events.mediation import Outcome
from shared.events.money import Money
from tests.support.builders.entitlements import terms_in
from tests.support.builders.mediation import decide
from tests.support.builders.order_returns import grant
from tests.support.builders.orders import BUYER, facts, order_line, register
from tests.support.random_life import WITH_THE_TEAM, Life, Move

KNOWN = {"has_key": True, "has_seen": True}


class Returning(Life):
    """The buyer sends pieces back, by Free Return or by law, as long as the days last."""

    def __init__(self, dice: Random) -> None:
        self.asked = 0
        super().__init__(dice)

    def _moves(self) -> list[Move]:
        return [*super()._moves(), (6, self._ask_back)]

    def _ask_back(self) -> None:
        self.asked += 1
        kind = self.dice.choice((ReturnKind.FREE, ReturnKind.STATUTORY))
        names = sorted(self.market.order.lines)
        named = {name: self.dice.randint(1, 2) for name in self.dice.sample(names, self.dice.randint(1, len(names)))}
        self.market.ask(grant(self.market.now, kind, self.asked, named))

    def _register(self) -> None:
        lines = [
            order_line(f"l{n}", quantity=self.dice.randint(1, 3), flags=("free_return",))
            for n in range(1, self.dice.randint(2, 3))
        ]
        told = facts(shipped="Mar 1", delivered=self.dice.choice(("Mar 9", "Mar 11")))
        self.market.ask(register(*lines, terms=terms_in("DE"), facts=told))

    def contested(self) -> list[Dispute]:
        """The disputes that an inspection has begun and that are with the team."""
        with_the_team = [dispute for dispute in self.market.open_disputes if dispute.state in WITH_THE_TEAM]
        return [dispute for dispute in with_the_team if "T27" in dispute.opened.rules]

    def settle_contested(self) -> None:
        """The buyer lets all of them go, so that the seller is paid; of what passed the team leaves it at that."""
        for dispute in self.contested():
            name = dispute.opened.dispute_id
            if gone := passed(dispute):
                self._leave_at(dispute, gone)
                continue
            said = {"command_id": derived_uuid("let go", name, self.market.now), "actor": BUYER, "at": self.market.now}
            self.market.ask(CancelDispute(**said, **KNOWN, dispute_id=name, acknowledge_release=True))

    def _leave_at(self, dispute: Dispute, gone: Minor) -> None:
        name, all_of_it = dispute.opened.dispute_id, dispute.opened.request.amount.minor == sum(gone.values())
        lines = [(line.line_id, gone.get(line.line_id, 0)) for line in dispute.opened.lines]
        ruled = decide(
            self.market.now,
            outcome=Outcome.BUYER_FAVOUR if all_of_it else Outcome.SPLIT,
            lines=tuple(RuledLine(line_id=line, amount=Money(minor, "USD")) for line, minor in lines),
        )
        command_id = derived_uuid("leave at", name, self.market.now)
        self.market.ask(ruled.model_copy(update={"dispute_id": name, "command_id": command_id}))
