"""Requesting a return: it is authorised at once, with a label where one is to be had (T22, T22b), unless
support has limited its buyer's returns (S79), or its seller is to answer first (T27x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from return_label.domain.commands import ReturnCommand, quota_of
from return_label.domain.deadlines import response_due, ship_due
from return_label.domain.label_quotas.limits import NO_REASON, guard_no_reason_return
from return_label.domain.label_quotas.state import Quota
from return_label.domain.rejections import ReturnsLimited
from return_label.domain.returns.bank_hold import held
from return_label.domain.returns.instructions import instructions
from return_label.domain.returns.labels.issuing import first_label, self_paid
from return_label.domain.returns.state import Return
from shared.decider import Decided
from shared.events.base import StreamName
from shared.events.dispute import Payer, Reason, ReturnKind, ReturnLine
from shared.events.open_enums import known
from shared.events.return_label import ReturnAuthorized, ReturnDenied, ReturnRequested


class RequestReturn(ReturnCommand):
    """Goods are to go back; days are calendar days, `_bd` business days; `rules` are those that make it due; a
    prepaid label is bought of the `carrier`, and without one a sample. Who works in the `warehouse` is `warehouse_id`.
    Those of `suspended`, if any, say that nothing goes back from there. The chargebacks that are open are those that it
    is `held_by`.
    With `response_days` the seller answers first, and a denial may be disputed for `dispute_days`.
    """

    kind: ReturnKind
    order_id: str
    dispute_id: str | None
    buyer_id: str
    seller_id: str
    lines: tuple[ReturnLine, ...]
    reason: Reason
    freight_payer: Payer
    address_ref: str | None
    warehouse: str | None
    warehouse_id: str | None = None
    ship_days: int
    transit_alarm_days: int
    inspect_bd: int
    timezone: str
    suspended: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    response_days: int | None = None
    dispute_days: int | None = None
    rules: tuple[str, ...]
    carrier: str | None = None

    @property
    def streams(self) -> Sequence[StreamName]:
        own = StreamName(f"return-{self.return_id}", self.order_id)
        concerned = self.is_prepaid or known(self.kind) in NO_REASON
        return (own, quota_of(self.buyer_id)) if concerned else (own,)

    @property
    def is_prepaid(self) -> bool:
        """Whether somebody else than the buyer pays the freight (K26)."""
        return known(self.freight_payer) is not Payer.BUYER


def request_return(command: RequestReturn, return_: Return, *quotas: Quota) -> Decided:
    """The return, and a prepaid label out of its buyer's quota, or the buyer's own; or the question to its seller."""
    if return_.requested:
        return []
    requested = asked(command)
    if command.suspended:
        denied = _denied(command, "return_service_suspended", command.suspended)
        return ([requested, denied], *([] for _ in quotas))
    for quota in quotas:
        try:
            guard_no_reason_return(quota, command.kind, command.at)
        except ReturnsLimited as refusal:
            # The limit was set while the order granted it, or the order was asked past it.
            return [requested, _denied(command, refusal.code, refusal.cited)], []
    holds = [held(_named(command), each, command.at) for each in command.held_by]
    if requested.respond_by:
        return ([requested, *holds], *([] for _ in quotas))
    begun = [requested, authorized(requested, command.ship_days, command.at, command.address_ref), *holds]
    if not command.is_prepaid:
        return ([*begun, self_paid(requested)], *([] for _ in quotas))
    label, place = first_label(requested, quotas[0], command.at, command.carrier)
    return [*begun, *label], place


def _denied(command: RequestReturn, reason: str, rules: tuple[str, ...]) -> ReturnDenied:
    return ReturnDenied(**_named(command), reason=reason, rules=rules)


def _named(command: RequestReturn) -> Mapping[str, str | None]:
    return {"return_id": command.return_id, "dispute_id": command.dispute_id, "order_id": command.order_id}


def asked(command: RequestReturn) -> ReturnRequested:
    """What is fixed from the beginning."""
    days, zone = command.response_days, command.timezone
    return ReturnRequested(
        return_id=command.return_id,
        kind=command.kind,
        order_id=command.order_id,
        dispute_id=command.dispute_id,
        buyer_id=command.buyer_id,
        seller_id=command.seller_id,
        lines=command.lines,
        reason=command.reason,
        freight_payer=command.freight_payer,
        address_ref=command.address_ref,
        warehouse=command.warehouse,
        warehouse_id=command.warehouse_id if command.warehouse else None,
        points=command.points,
        transit_alarm_days=command.transit_alarm_days,
        inspect_bd=command.inspect_bd,
        timezone=zone,
        respond_by=None if days is None else response_due(command.at, days, zone),
        ship_days=None if days is None else command.ship_days,
        dispute_days=command.dispute_days,
        rules=command.rules if days is None else (*command.rules, "D1"),
    )


def authorized(terms: ReturnRequested, ship_days: int, at: datetime, address_ref: str | None) -> ReturnAuthorized:
    """The buyer may send the goods, and is told where and how."""
    prepaid = known(terms.freight_payer) is not Payer.BUYER
    return ReturnAuthorized(
        return_id=terms.return_id,
        dispute_id=terms.dispute_id,
        order_id=terms.order_id,
        ship_by=ship_due(at, ship_days, terms.timezone),
        address_ref=address_ref,
        instructions=tuple(instructions(terms.kind, prepaid=prepaid)),
        rules=("S80", "T22", "D9"),
    )
