"""Requesting a return: it is authorised at once, with a label (T22)."""

from __future__ import annotations

from collections.abc import Sequence

from return_label.domain.commands import ReturnCommand
from return_label.domain.deadlines import ship_due
from return_label.domain.returns.state import Return
from return_label.domain.tracking.sandbox import SANDBOX, sandbox_number
from shared.events.base import Event, StreamName
from shared.events.dispute import Payer, Reason, ReturnLine
from shared.events.ids import derived_id
from shared.events.open_enums import known
from shared.events.return_label import ReturnAuthorized, ReturnKind, ReturnLabelIssued, ReturnRequested


class RequestReturn(ReturnCommand):
    """Goods are to go back; days are calendar days, `_bd` business days; `rules` are those that make it due."""

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
    ship_days: int
    transit_alarm_days: int
    inspect_bd: int
    timezone: str
    rules: tuple[str, ...]

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"return-{self.return_id}", self.order_id),)


def request_return(command: RequestReturn, return_: Return) -> Sequence[Event]:
    if return_.requested:
        return []
    return [_requested(command), _authorized(command), _label(command)]


def _requested(command: RequestReturn) -> ReturnRequested:
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
        transit_alarm_days=command.transit_alarm_days,
        inspect_bd=command.inspect_bd,
        timezone=command.timezone,
        rules=command.rules,
    )


def _authorized(command: RequestReturn) -> ReturnAuthorized:
    return ReturnAuthorized(
        return_id=command.return_id,
        dispute_id=command.dispute_id,
        order_id=command.order_id,
        ship_by=ship_due(command.at, command.ship_days, command.timezone),
        rules=("S80", "T22", "D9"),
    )


def _label(command: RequestReturn) -> ReturnLabelIssued:
    """One label a return; who pays its freight the dispute service has said in `ReturnDue` (K26). Until real carriers
    print them, every prepaid one is the sandbox's.
    """
    label_id = derived_id("lbl", command.order_id, command.return_id)
    prepaid = known(command.freight_payer) is not Payer.BUYER
    return ReturnLabelIssued(
        return_id=command.return_id,
        order_id=command.order_id,
        label_id=label_id,
        prepaid=prepaid,
        payer=command.freight_payer,
        tracking_number=sandbox_number(label_id) if prepaid else None,
        carrier=SANDBOX if prepaid else None,
        rules=("S75", "K26"),
    )
