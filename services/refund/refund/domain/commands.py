"""Commands' bases: all that this service can be asked to do concerns one order's payment, which holds the cap."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.base import Command, StreamName


class PaymentCommand(Command):
    """A command that decides on the payment of one order."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"payment-{self.order_id}", self.order_id),)


class RefundCommand(PaymentCommand):
    """A command about one refund."""

    refund_id: str
