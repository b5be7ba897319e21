"""Every way in which this service says no: the class's name is the code."""

from __future__ import annotations

from shared.rejections import Forbidden, NotFound, Rejected

__all__ = ["Forbidden", "NotFound", "PaymentNotCaptured", "Rejected", "WrongPhase"]


class PaymentNotCaptured(Rejected):
    """G9: the capture, which holds the cap, is not recorded yet; the policy's command parks its stream and is retried
    once it is.
    """

    rules = ("G9",)


class WrongPhase(Rejected):
    """G8: not in this state of the refund."""

    rules = ("G8",)
