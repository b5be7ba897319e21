"""Rejections of this service's own (docs/rules/guards.md): the class's name is the code, unless an event bears it."""

from __future__ import annotations

from shared.rejections import DeadlinePassed, Rejected


class OrderDiffers(Rejected):
    """The order is registered already, with another body."""


class CaptureDiffers(Rejected):
    """The capture was told already, with another payment or amount."""

    rules = ("G9",)


class NotEligibleOffPlatform(Rejected):
    """G1: not bought, or not paid, on the platform."""


class PaymentMethodNotAccepted(Rejected):
    """G1: the programme does not cover this way to pay."""

    rules = ("S9",)


class AccountNotInGoodStanding(Rejected):
    """G2."""

    rules = ("S14",)


class TooEarly(Rejected):
    """G3: with `opens_at` where it is known."""

    rules = ("S21",)


class ProtectionAlreadyExpired(Rejected, code="protection_expired"):
    """G4: with `ended_at`."""

    rules = ("S22",)


class AlreadyOpen(Rejected):
    """G5: there is an open dispute on the line, or a return; with `dispute_id` or `return_id`."""

    rules = ("G5",)


class AlreadyAgreed(Rejected):
    """G5: the parties have agreed on the line."""

    rules = ("S25",)


class OrderAlreadyCompleted(Rejected, code="order_completed"):
    """G5: the line is released, cancelled or fully refunded."""

    rules = ("S26",)


class TooManyOpenings(Rejected):
    """G18: the order's lines were disputed again too often today; with `resets_at`."""

    rules = ("S48", "G18")


class AlreadyShipped(Rejected):
    """The seller has shipped it, so it cannot be cancelled: with the way that is left."""

    rules = ("S88",)


class DisputesChanged(Rejected):
    """A dispute of the order has begun or ended since they were looked up: look again."""


class ReasonNotCovered(Rejected):
    """G6: with `suggest` or `referral` where there is another way."""


class ItemExcluded(Rejected):
    """G6: goods of this kind do not go back unwanted."""

    rules = ("S16",)


class NotFreeReturnItem(Rejected):
    """The listing did not bear the label of Free Return."""

    rules = ("S67",)


class ItemUsed(Rejected):
    """The buyer says that it was used."""

    rules = ("S67", "S68")


class ItemDamaged(Rejected):
    """The buyer says that it is damaged."""

    rules = ("S67", "S68")


class PackagingMissing(Rejected):
    """The buyer says that its packaging is gone."""

    rules = ("S67", "S68")


class SealOrLabelBroken(Rejected):
    """The buyer says that a seal or a label is gone."""

    rules = ("S67", "S68")


class ReturnWindowClosed(Rejected):
    """The days in which it could be sent back are over; with `ended_at`."""


class CountryNotEligible(Rejected):
    """Free Return is not offered where the order went."""

    rules = ("S74",)


class ReturnServiceSuspended(Rejected):
    """No return is possible from there for the time being."""


class ConfirmationRequired(Rejected):
    """The right to a Free Return was to be confirmed before the order."""

    rules = ("S71",)


class WarrantyNotApplicable(Rejected):
    """No warranty of this kind, or it is over; then with `ended_at`."""


class UnsupportedEvidenceType(Rejected):
    """G12: no file of this type is taken; with `types`."""

    rules = ("S32", "S33", "G12")


class EvidenceTooLarge(Rejected, code="too_large"):
    """G12: with `max_bytes`, `actual_bytes` and a `hint`."""

    rules = ("S34", "K6", "G12")


class TooManyItems(Rejected, code="too_many"):
    """G12: a party has as many items as it may have; with `max_items`."""

    rules = ("G12",)


class EvidenceRequired(Rejected):
    """G7: this reason needs evidence; with what it `needs`."""

    rules = ("S30",)


class MaxRounds(Rejected):
    """G10: the negotiation has had its rounds."""

    rules = ("S43",)


class ReleaseAckRequired(Rejected):
    """G16: protection is over, so cancelling pays the seller: say that you know; with `released`, how much."""

    rules = ("S47",)


class EscalationNotYet(Rejected):
    """G11: the seller has not answered yet; with `allowed_at`."""

    rules = ("G11", "K16")


class Claimed(Rejected):
    """Somebody else of the case team has the case: `reviewer`, `since_at`."""

    rules = ("S49", "T13")


class UnexplainedDecision(Rejected):
    """G13: it cites no rule, or leaves an item of evidence unweighed; `missing` says what."""

    rules = ("G13",)


class NotAppealable(Rejected):
    """G14: the case team decided nothing."""

    rules = ("G14", "S55")


class AppealWindowOver(DeadlinePassed, code="appeal_window_closed"):
    """G14: the days for an appeal are over."""

    rules = ("G14", "S55")


class AlreadyAppealed(Rejected):
    """G14: this party has appealed this decision."""

    rules = ("G14", "K18")


class OtherPartyMayAppeal(Rejected):
    """G15: the other party may still appeal; with `allowed_at`."""

    rules = ("G15",)


class ExternalHold(Rejected):
    """G17: a bank decides about the buyer's payment first; with `chargeback_id`."""

    rules = ("G17", "T34")


class NotAskedFor(Rejected):
    """A refund or a return that is told of before its dispute or order has asked for it: the policy's command parks its
    key, and is retried once it has.
    """
