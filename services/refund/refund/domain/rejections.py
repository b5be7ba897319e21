"""Rejections of this service alone: the class's name is the code."""

from __future__ import annotations

from shared.rejections import Rejected


class PaymentNotCaptured(Rejected):
    """G9: the capture, which holds the cap, is not recorded yet; the policy's command parks its stream and is retried
    once it is.
    """

    rules = ("G9",)


class BonusNotEligible(Rejected):
    """S60: the buyer's account is not good, or there are no bonus balances in the order's currency."""

    rules = ("S60",)


class ChargebackNotKnown(Rejected):
    """S103: its end is told before its beginning; told again later it is heard."""

    rules = ("S103",)
