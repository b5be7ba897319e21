"""Lives of an order of which goods go back without a dispute as well, beside disputes, gifts and a cancellation."""

from __future__ import annotations

from random import Random
from typing import Any

from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.difference import Minor, passed
from dispute.domain.disputes.form import FORM_TYPES, RequestedLine
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.payments.caps import refundable
from dispute.domain.orders.refund import OrderReturn
from shared.events.dispute import Reason, ReturnKind
from shared.events.ids import derived_uuid
from shared.events.mediation import Outcome
from shared.events.money import Money
from tests.support.builders.disputes import open_dispute
from tests.support.builders.entitlements import terms_in
from tests.support.builders.mediation import decide
from tests.support.builders.order_returns import grant
from tests.support.builders.orders import BUYER, facts, order_line, register
from tests.support.random_life import WITH_THE_TEAM, Life, Move

FLAGS = ("free_return", "extra_returns", "domestic_return")
KNOWN = {"has_key": True, "has_seen": True}


KINDS = (ReturnKind.FREE, ReturnKind.STATUTORY, ReturnKind.EXTRA, ReturnKind.DOMESTIC)
HOME: Any = {"return_address": "1 Seller Road", "return_country": "DE"}


class Returning(Life):
    """The buyer sends pieces back, by Free Return, by law or by what the seller offered, as long as the days last; what
    the seller then denies is disputed now and then.
    """

    def __init__(self, dice: Random) -> None:
        self.asked = 0
        super().__init__(dice)

    def _moves(self) -> list[Move]:
        return [*super()._moves(), (6, self._ask_back), (4 if self._denied() else 0, self._dispute_denial)]

    def _denied(self) -> list[OrderReturn]:
        return [one for one in self.market.order.returns.values() if one.is_denied]

    def _dispute_denial(self) -> None:
        """About all of what was denied, or a piece of it."""
        lines = self.dice.choice(self._denied()).due.lines
        named = [(line, self.dice.randint(1, line.quantity)) for line in self.dice.sample(lines, len(lines))]
        caps = [refundable(self.market.order.lines[line.line_id], quantity).minor for line, quantity in named]
        asked = tuple(RequestedLine(line_id=line.line_id, quantity=quantity) for line, quantity in named)
        cap, kind = Money(max(1, sum(caps)), "USD"), self.dice.choice(FORM_TYPES)
        wanted = {"lines": asked, "amount": cap.amount, "reason": Reason.CHANGE_OF_MIND, "type": kind}
        self.opened += bool(self._ask(open_dispute, BUYER, n=self.opened, **wanted))

    def _ask_back(self) -> None:
        self.asked += 1
        kind = self.dice.choice(KINDS)
        names = sorted(self.market.order.lines)
        named = {name: self.dice.randint(1, 2) for name in self.dice.sample(names, self.dice.randint(1, len(names)))}
        self.market.ask(grant(self.market.now, kind, self.asked, named))

    def _register(self) -> None:
        lines = [
            order_line(f"l{n}", quantity=self.dice.randint(1, 3), flags=FLAGS)
            for n in range(1, self.dice.randint(2, 3))
        ]
        told = facts(shipped="Mar 1", delivered=self.dice.choice(("Mar 9", "Mar 11")))
        self.market.ask(register(*lines, terms=terms_in("DE"), facts=told, **HOME))

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
