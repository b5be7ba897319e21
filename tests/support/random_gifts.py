"""Lives of an order whose sellers give what they were paid, beside disputes by law about the same pieces (S20, K19)."""

from __future__ import annotations

from random import Random

from dispute.domain.disputes.form import RequestedLine
from dispute.domain.goodwill import GrantGoodwill
from dispute.domain.orders.goodwill.replacing import ReceiveGoodwill, ShipGoodwill
from dispute.domain.orders.payments.caps import with_seller
from shared.events.ids import derived_uuid
from tests.support.builders.orders import BUYER, ORDER, SELLER, usd
from tests.support.random_afterwards import CollectedByLaw
from tests.support.random_doubts import Doubtful
from tests.support.random_life import Move

NUMBERS = ("EE123456785DE", "RR123456785ES")


class Giving(CollectedByLaw):
    """Much is given of what was paid; it comes or does not, and what has come is refunded, refused or given up."""

    def _moves(self) -> list[Move]:
        paid = [line.line_id for line in self.market.order.lines.values() if with_seller(line)]
        waiting = [back.clawback_id for back in self.market.order.gifts.waiting]
        gives = (5, lambda: self._give_paid(self.dice.choice(paid)))
        ends = (8, lambda: self._end(self.dice.choice(waiting)))
        return [*super()._moves(), *([gives] if paid else []), *([ends] if waiting else [])]

    def _give_paid(self, name: str) -> None:
        line = self.market.order.lines[name]
        self.gifts += 1
        named = (RequestedLine(line_id=name, quantity=self.dice.randint(1, line.quantity)),)
        said = {"command_id": derived_uuid("give", self.gifts), "actor": SELLER, "at": self.market.now}
        amount = usd(self._part(with_seller(line).minor))
        self.market.ask(GrantGoodwill(order_id=ORDER, type="refund_only", lines=named, amount=amount, **said))
        self._send_anew(name)

    def _send_anew(self, name: str) -> None:
        """Beside it a piece of the goods, which moves nothing."""
        dice = Random(self.gifts)  # of its own: the others fall as they did
        named = (RequestedLine(line_id=name),)
        said = {"command_id": derived_uuid("anew", self.gifts), "actor": SELLER, "at": self.market.now}
        self.market.ask(GrantGoodwill(order_id=ORDER, type="replacement", lines=named, **said))
        for goodwill_id in self.market.order.gifts.replacements:
            of_gift = {"order_id": ORDER, "goodwill_id": goodwill_id, "at": self.market.now}
            if dice.randrange(2):
                sent = {"command_id": derived_uuid("ship", goodwill_id, self.gifts), "actor": SELLER}
                self.market.ask(ShipGoodwill(tracking_number=dice.choice(NUMBERS), **of_gift, **sent))
            if dice.randrange(2):
                came = {"command_id": derived_uuid("come", goodwill_id, self.gifts), "actor": BUYER}
                self.market.ask(ReceiveGoodwill(**of_gift, **came))


class GivingInDoubt(Doubtful, Giving):
    """What has come is given up in doubt, and some time later it is known whether the buyer was paid."""
