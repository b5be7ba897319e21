"""Limits on a buyer whose returns are abused: with a reason and an end, and never on a right by law (S17, S79)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from return_label.domain.commands import quota_of
from return_label.domain.label_quotas.state import Quota
from return_label.domain.rejections import ReturnsLimited
from shared.events.base import Actor, Command, Event, Instant, Personal, StreamName, wire_time
from shared.events.dispute import ReturnKind
from shared.events.fields import Text
from shared.events.ids import derived_id_beside
from shared.events.label_quota import LimitScope, ReturnAbuseLimitLifted, ReturnAbuseLimitSet
from shared.events.open_enums import known
from shared.rejections import ConflictOfInterest, Forbidden, ValidationFailed

LIMITER = "support"
"""Who limits a buyer, and takes it back."""
NO_REASON = (ReturnKind.FREE, ReturnKind.EXTRA, ReturnKind.DOMESTIC)
"""Returns that a programme or a seller gives beyond the law, and no fault asks for (K20)."""


class OfBuyer(Command):
    """A command on what limits one buyer."""

    buyer_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (quota_of(self.buyer_id),)


class SetReturnLimit(OfBuyer):
    """The buyer is limited until an instant, and is told why; a limit of the same scope gives way to it."""

    scope: LimitScope
    reason: Annotated[str, Text(500)]
    until_at: Instant

    @property
    def reason_ref(self) -> str:
        return derived_id_beside(self.streams[0].name, "txt", self.command_id, "limit_reason")

    @property
    def personal(self) -> Sequence[Personal]:
        return (Personal(self.reason_ref, self.buyer_id, "limit_reason", self.reason),)


class LiftReturnLimit(OfBuyer):
    """The buyer is limited in it no longer."""

    scope: LimitScope


def set_limit(command: SetReturnLimit, _: Quota) -> list[Event]:
    """Every limit ends: without an end it would be a judgement."""
    _guard_limiter(command.actor, command.buyer_id)
    if command.until_at <= command.at:
        raise ValidationFailed.at("/until_at", "not_later", "a limit ends later than now", "S79")
    return [
        ReturnAbuseLimitSet(
            buyer_id=command.buyer_id,
            scope=command.scope,
            reason_ref=command.reason_ref,
            until_at=command.until_at,
            set_at=command.at,
            rules=("S79",),
        )
    ]


def lift_limit(command: LiftReturnLimit, quota: Quota) -> list[Event]:
    """What has ended by itself needs no lifting."""
    _guard_limiter(command.actor, command.buyer_id)
    if command.scope not in quota.limits_at(command.at):
        return []
    return [ReturnAbuseLimitLifted(buyer_id=command.buyer_id, scope=command.scope, rules=("S79",))]


def guard_unlimited(quota: Quota, scope: LimitScope, at: datetime) -> None:
    """S79, with the end at which it may be asked for again."""
    if limit := quota.limits_at(at).get(scope):
        detail = "Support has limited this buyer, who reads why beside the labels of the month, and may ask support."
        raise ReturnsLimited(detail, resets_at=wire_time(limit.until_at))


def guard_no_reason_return(quota: Quota, kind: ReturnKind, at: datetime) -> None:
    """S79, S17: neither what the law gives nor what a dispute brought is ever limited."""
    if known(kind) in NO_REASON:
        guard_unlimited(quota, LimitScope.NO_REASON_RETURNS, at)


def _guard_limiter(actor: Actor, buyer_id: str) -> None:
    if LIMITER not in actor.roles:
        raise Forbidden("This is for support.")
    if actor.id == buyer_id:
        raise ConflictOfInterest("Nobody sets a limit of one's own, or lifts it.")
