"""Words of the return-label service's tests: commands and events with all that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from return_label.domain.returns.findings import InspectReturn
from return_label.domain.returns.loss import MarkReturnLost
from return_label.domain.returns.request import RequestReturn
from return_label.domain.returns.response import NoteDispute, RespondToReturn, ReturnDecision
from return_label.domain.returns.transit import MarkReturnReceived, MarkReturnShipped
from return_label.domain.tracking.sandbox import SANDBOX, sandbox_number
from shared.decider import ExpireDeadline
from shared.events.base import SYSTEM, Actor
from shared.events.dispute import Payer, Reason, ReturnDue, ReturnKind, ReturnLine
from shared.events.ids import derived_id, derived_uuid
from shared.events.inspection import InspectedPieces, InspectionFault, InspectionResult, ReturnPiecesInspected
from shared.events.label_quota import LabelQuotaTaken
from shared.events.return_label import (
    Denial,
    InspectionTimedOut,
    ReturnAuthorized,
    ReturnDenialFinal,
    ReturnDenied,
    ReturnDisputed,
    ReturnEvent,
    ReturnInspected,
    ReturnLabelIssued,
    ReturnLapsed,
    ReturnLost,
    ReturnReceived,
    ReturnRequested,
    ReturnShipped,
    ReturnTrackingCorrected,
    ReturnTransitOverdue,
)

FRIDAY = datetime(2026, 3, 6, 10, tzinfo=UTC)
BUYER = Actor(id="bea", roles=frozenset({"buyer"}))
SELLER = Actor(id="sam", roles=frozenset({"seller"}))
WAREHOUSE = Actor(id="w1", roles=frozenset({"warehouse"}))
SUPPORT = Actor(id="sue", roles=frozenset({"support"}))
SERVICE = Actor(id="carrier", roles=frozenset({"service"}))
OTHER_BUYER = Actor(id="eve", roles=frozenset({"buyer"}))
OTHER_SELLER = Actor(id="eve", roles=frozenset({"seller"}))

RETURN_ID = derived_id("ret", "o1")
SHOWN = derived_id("evd", "o1", "a picture")
"""An item of evidence of the order."""

COMMON: dict[str, Any] = {"return_id": RETURN_ID, "dispute_id": "dsp_9a31", "order_id": "o1"}
ASKED: dict[str, Any] = {
    "kind": ReturnKind.DISPUTE,
    "buyer_id": BUYER.id,
    "seller_id": SELLER.id,
    "lines": (ReturnLine(line_id="a", quantity=1),),
    "reason": Reason.DAMAGED,
    "freight_payer": Payer.SELLER,
    "address_ref": None,
    "warehouse": "Dock 4",
    "transit_alarm_days": 30,
    "inspect_bd": 2,
    "timezone": "UTC",
    "rules": ("S40", "T22"),
}


def _envelope(name: str, actor: Actor, at: datetime, *parts: object) -> dict[str, Any]:
    return {"command_id": derived_uuid(name, actor, *parts), "actor": actor, "at": at, "return_id": RETURN_ID}


def request(at: datetime = FRIDAY, **more: Any) -> RequestReturn:
    """A `ReturnDue`: ten days to ship."""
    return RequestReturn(**(_envelope("request", SYSTEM, at) | COMMON | ASKED | {"ship_days": 10} | more))


def ship(
    actor: Actor = BUYER, at: datetime = FRIDAY, tracking_number: str = "TRACK1", **more: Any
) -> MarkReturnShipped:
    return MarkReturnShipped(**_envelope("ship", actor, at, *more.items()), tracking_number=tracking_number, **more)


def correct(number: str = "TRACK2", replaces: str = "TRACK1", **more: Any) -> MarkReturnShipped:
    """The parcel has another number than was typed."""
    return ship(tracking_number=number, replaces=replaces, **more)


def receive(actor: Actor = WAREHOUSE, at: datetime = FRIDAY) -> MarkReturnReceived:
    return MarkReturnReceived(**_envelope("receive", actor, at))


def inspect(
    actor: Actor = WAREHOUSE, at: datetime = FRIDAY, *, fault: InspectionFault | None = None, **more: Any
) -> InspectReturn:
    """The inspection passes, unless a fault is named, which a picture shows."""
    result = InspectionResult.FAILED if fault else InspectionResult.PASSED
    plain = {"result": result, "fault": fault, "evidence": (SHOWN,) if fault else (), "has_key": True, "has_seen": True}
    return InspectReturn(**(_envelope("inspect", actor, at) | plain | more))


def requested(**more: Any) -> ReturnRequested:
    """What `request` leads to, its first event."""
    return ReturnRequested(**(COMMON | ASKED | more))


def authorized() -> ReturnAuthorized:
    """What `request` leads to, its second event: the tenth day after Friday the 6th is Monday the 16th."""
    said = {"instructions": ("all_parts", "print_label"), "rules": ("S80", "T22", "D9")}
    return ReturnAuthorized(**COMMON, ship_by=datetime(2026, 3, 17, tzinfo=UTC), **said)


def labelled(**more: Any) -> ReturnLabelIssued:
    """What `request` leads to, its third event."""
    given: dict[str, Any] = {
        "prepaid": True,
        "payer": Payer.SELLER,
        "label_id": derived_id("lbl", "o1", RETURN_ID),
        "tracking_number": sandbox_number(derived_id("lbl", "o1", RETURN_ID)),
        "carrier": SANDBOX,
        "rules": ("S75", "K26"),
    }
    return ReturnLabelIssued(return_id=RETURN_ID, order_id="o1", **(given | more))


def taken(**more: Any) -> LabelQuotaTaken:
    """What `request` leads to on its buyer's quota."""
    label: dict[str, Any] = {"label_id": labelled().label_id, "month": "2026-03", "timezone": "UTC"}
    rules = ("S75", "S76", "K24")
    return LabelQuotaTaken(
        **({"buyer_id": BUYER.id, "order_id": "o1", "return_id": RETURN_ID, "rules": rules} | label | more)
    )


def shipped() -> ReturnShipped:
    """What `ship` leads to."""
    alarm = datetime(2026, 4, 6, tzinfo=UTC)
    return ReturnShipped(
        **COMMON, tracking_number="TRACK1", shipped_at=FRIDAY, transit_alarm_at=alarm, rules=("S81", "T23", "D10")
    )


def corrected(number: str = "TRACK2", carrier: str | None = None) -> ReturnTrackingCorrected:
    """What `correct` leads to."""
    right = {"replaced": "TRACK1", "tracking_number": number, "carrier": carrier}
    return ReturnTrackingCorrected(**COMMON, **right, corrected_at=FRIDAY, rules=("S81", "T23"))


def received() -> ReturnReceived:
    """What `receive` leads to: the second business day after Friday the 6th is Tuesday the 10th."""
    return ReturnReceived(
        **COMMON, received_at=FRIDAY, inspect_by=datetime(2026, 3, 11, tzinfo=UTC), rules=("S82", "T25", "D11")
    )


def inspected(fault: InspectionFault | None = None, note_ref: str | None = None, **found: Any) -> ReturnInspected:
    """What `inspect` leads to, of all of it; `found` are the pieces and the evidence."""
    result, rules = (InspectionResult.FAILED, ("S82", "T27")) if fault else (InspectionResult.PASSED, ("S82", "T26"))
    said = {"note_ref": note_ref, "evidence": (SHOWN,) if fault else ()} | found
    return ReturnInspected(**COMMON, result=result, fault=fault, **said, rules=rules)


def examined(
    *lines: InspectedPieces, note_ref: str | None = None, evidence: Sequence[str] = ()
) -> ReturnPiecesInspected:
    """What `inspect` of some lines leads to."""
    said = {"note_ref": note_ref, "evidence": tuple(evidence), "rules": ("S82", "K10", "D11")}
    return ReturnPiecesInspected(**COMMON, lines=lines, **said)


def pieces(line_id: str, quantity: int, fault: InspectionFault | None = None) -> InspectedPieces:
    """What was found of so many pieces: they pass, unless a fault is named."""
    result = InspectionResult.FAILED if fault else InspectionResult.PASSED
    return InspectedPieces(line_id=line_id, quantity=quantity, result=result, fault=fault)


SHIP_BY = datetime(2026, 3, 17, tzinfo=UTC)
ALARM_AT = datetime(2026, 4, 6, tzinfo=UTC)
INSPECT_BY = datetime(2026, 3, 11, tzinfo=UTC)
"""When what was begun on Friday falls due (D9, D10, D11)."""


def expire(kind: str, due_at: datetime, at: datetime | None = None) -> ExpireDeadline:
    """The timer of a deadline of the return, at its very instant or later."""
    stream, command_id = f"return-{RETURN_ID}", derived_uuid("expire", kind, due_at)
    fields = {"stream": stream, "key": "o1", "kind": kind, "due_at": due_at, "at": at or due_at}
    return ExpireDeadline(command_id=command_id, actor=SYSTEM, **fields)


def lose(actor: Actor = SERVICE, at: datetime = FRIDAY, **more: Any) -> MarkReturnLost:
    return MarkReturnLost(**_envelope("lose", actor, at), **({"has_key": True, "has_seen": True} | more))


def lapsed() -> ReturnLapsed:
    """What the end of D9 leads to."""
    return ReturnLapsed(**COMMON, due_at=SHIP_BY, rules=("T24", "D9", "K17"))


def overdue() -> ReturnTransitOverdue:
    """What the end of D10 leads to."""
    again = datetime(2026, 5, 7, tzinfo=UTC)
    return ReturnTransitOverdue(**COMMON, due_at=ALARM_AT, transit_alarm_at=again, rules=("T44", "D10"))


def lost(prepaid: bool = False) -> ReturnLost:
    """What `lose` leads to."""
    return ReturnLost(**COMMON, prepaid=prepaid, lost_at=FRIDAY, rules=("T25a", "K26"))


def timed_out() -> InspectionTimedOut:
    """What the end of D11 leads to."""
    return InspectionTimedOut(**COMMON, due_at=INSPECT_BY, rules=("T28", "D11", "S82"))


# What a seller offered to take back


OFFERED: dict[str, Any] = {
    "kind": ReturnKind.EXTRA,
    "dispute_id": None,
    "reason": Reason.CHANGE_OF_MIND,
    "freight_payer": Payer.BUYER,
    "rules": ("S85", "K20"),
}
OF_OFFER = COMMON | {"dispute_id": None}
RESPOND_BY = datetime(2026, 3, 12, tzinfo=UTC)
"""D1 of what was asked for on Friday the 6th: the fifth day after it is Wednesday the 11th."""
DISPUTE_UNTIL = datetime(2026, 3, 12, tzinfo=UTC)
"""Until when a denial of the same day may be disputed (T27x)."""


def ask_seller(at: datetime = FRIDAY, **more: Any) -> RequestReturn:
    """A `ReturnDue` for which the seller answers: five days, and five for a dispute about a denial."""
    return request(at, **(OFFERED | {"response_days": 5, "dispute_days": 5} | more))


def asked_of_seller(**more: Any) -> ReturnRequested:
    """What `ask_seller` leads to."""
    days = {"respond_by": RESPOND_BY, "ship_days": 10, "dispute_days": 5, "rules": ("S85", "K20", "D1")}
    return requested(**(OFFERED | days | more))


def answer(
    decision: ReturnDecision = ReturnDecision.ACCEPT, actor: Actor = SELLER, at: datetime = FRIDAY, **more: Any
) -> RespondToReturn:
    """The seller's answer; a refusal says why."""
    why = {"reason": "It was cut to size."} if decision is ReturnDecision.REFUSE else {}
    return RespondToReturn(**(_envelope("answer", actor, at, decision) | {"decision": decision} | why | more))


def denied(because: str = Denial.REFUSED, **more: Any) -> ReturnDenied:
    """What a refusal leads to."""
    plain = {"reason": because, "dispute_until": DISPUTE_UNTIL, "rules": ("S13", "T27x")}
    return ReturnDenied(**(OF_OFFER | plain | more))


def note_dispute() -> NoteDispute:
    return NoteDispute(**_envelope("disputed", SYSTEM, FRIDAY), dispute_id="dsp_1")


def disputed() -> ReturnDisputed:
    """What `note_dispute` leads to."""
    return ReturnDisputed(**(OF_OFFER | {"dispute_id": "dsp_1"}), rules=("T27x",))


def final() -> ReturnDenialFinal:
    """What the end of the buyer's days leads to."""
    return ReturnDenialFinal(**OF_OFFER, due_at=DISPUTE_UNTIL, rules=("T27x", "D2"))


AUTHORIZED: tuple[ReturnEvent, ...] = (requested(), authorized(), labelled())
"""Histories of a return, step by step."""
SHIPPED = (*AUTHORIZED, shipped())
RECEIVED = (*SHIPPED, received())
INSPECTED = (*RECEIVED, inspected())

DUE = ReturnDue(
    return_id="ret_1",
    dispute_id="dsp_9a31",
    order_id="o1",
    buyer_id=BUYER.id,
    seller_id=SELLER.id,
    lines=(ReturnLine(line_id="a", quantity=1),),
    reason=Reason.DAMAGED,
    freight_payer=Payer.SELLER,
    address_ref=None,
    warehouse="Dock 4",
    ship_days=10,
    transit_alarm_days=30,
    inspect_bd=2,
    timezone="UTC",
    rules=("T22",),
)
"""What the dispute service asks a return by."""
