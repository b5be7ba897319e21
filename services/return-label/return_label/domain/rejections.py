"""Rejections of this service alone: the class's name is the code."""

from __future__ import annotations

from shared.rejections import Rejected


class LabelAlreadyIssued(Rejected):
    """S75: the return has its one prepaid label, or has had it and the one after it."""

    rules = ("S75",)


class LabelQuotaExceeded(Rejected):
    """S76, S77: the buyer's labels of the month, or the order's, are used up; `resets_at` is the next month's begin."""

    rules = ("S76",)


class ReturnsLimited(Rejected):
    """S79: support has limited the buyer's labels or returns; `resets_at` is the limit's end."""

    rules = ("S79",)


class FreightIsTheBuyers(Rejected):
    """S83: the buyer pays, so no label is prepaid."""

    rules = ("S83", "K26")
