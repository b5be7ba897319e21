"""Choice of where an order's refunds go: back by the way it was paid, or to the buyer's bonus balance (S60)."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.commands import PaymentCommand
from refund.domain.payments.state import Payment
from refund.domain.rejections import BonusNotEligible
from shared.events.base import Actor, Event
from shared.events.refund import Destination, RefundDestinationChosen
from shared.parties import Parties
from shared.rejections import WrongPhase

CHOOSER = "buyer"
GOOD = "good"
"""The standing of an account that a bonus goes to."""
BONUS_CURRENCIES = frozenset({"USD"})
"""The currencies of bonus balances. No programme sets it."""


class ChooseDestination(PaymentCommand):
    """The buyer says where the money of the order goes, should it go back."""

    destination: Destination


def choose_destination(command: ChooseDestination, payment: Payment) -> Sequence[Event]:
    """Again and again until the first refund is approved; what is chosen already is not chosen anew."""
    guard_chooser(payment, command.actor)
    guard_changeable(payment)
    if command.destination is Destination.BONUS:
        guard_bonus(payment)
    if command.destination == payment.destination:
        return []
    return [
        RefundDestinationChosen(
            order_id=command.order_id,
            destination=command.destination,
            chosen_at=command.at,
            rules=("S60",),
        )
    ]


def guard_chooser(payment: Payment, actor: Actor) -> None:
    """The payment's buyer alone; NotFound for a stranger, and where no payment is known."""
    captured = next(iter(payment.captures.values()), None)
    parties = Parties("refund", captured.buyer_id if captured else "", {captured.seller_id} if captured else ())
    parties.guard(actor, "payment", CHOOSER)


def guard_changeable(payment: Payment) -> None:
    """Until a refund of the order is approved."""
    if approved := next((refund for refund in payment.refunds.values() if refund.payment_id), None):
        raise WrongPhase("A refund of the order is approved already.", state=approved.state, rules=("S60",))


def guard_bonus(payment: Payment) -> None:
    """The account is good, and there are bonus balances in the order's currency."""
    if not is_bonus_eligible(payment):
        raise BonusNotEligible("A bonus needs an account in good standing, and a currency of bonus balances.")


def is_bonus_eligible(payment: Payment) -> bool:
    """Whether the conditions of a bonus hold now."""
    currencies = {captured.amount.currency for captured in payment.captures.values()}
    in_good_standing = payment.standing is None or payment.standing.status == GOOD
    return in_good_standing and bool(currencies) and currencies <= BONUS_CURRENCIES


def destination_of(payment: Payment) -> Destination:
    """Where a refund that is approved now goes: as chosen, as long as the conditions hold."""
    wants_bonus = payment.destination == Destination.BONUS
    return Destination.BONUS if wants_bonus and is_bonus_eligible(payment) else Destination.ORIGINAL
