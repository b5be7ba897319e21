"""A return's label as a party sees it: whether it may be used, and what there is to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict

from return_label.domain.returns.state import Cancellation, Return
from shared.events.base import Actor, Instant
from shared.events.dispute import Payer
from shared.events.open_enums import Open
from shared.events.return_label import (
    ReturnLabelCancellationOrdered,
    ReturnLabelCancelled,
    ReturnLabelIssued,
    ReturnLabelNotCancelled,
)
from shared.tracking.numbers import compact

PRINTERS = ("buyer", "support")
"""Who prints a label: it shows where the buyer lives."""
MEDIA_TYPES = ("application/pdf", "image/png", "application/zpl")
"""As what a label is printed; the first where nobody says."""
LabelState = Literal["issued", "used", "void"]
CancellationState = Literal["ordered", "cancelled", "not_cancelled"]
_STATES: Mapping[type[Cancellation], CancellationState] = {
    ReturnLabelCancellationOrdered: "ordered",
    ReturnLabelCancelled: "cancelled",
    ReturnLabelNotCancelled: "not_cancelled",
}


class LabelView(TypedDict):
    """The label, and who pays for it. A prepaid one is to be printed while it is not void: `files` names what there is
    by media type, each asked for by `Accept`.
    """

    id: str
    prepaid: bool
    payer: Open[Payer]
    state: LabelState
    tracking_number: str | None
    carrier: str | None
    files: Mapping[str, str]


class LabelDeniedView(TypedDict):
    """Why there is no prepaid label, and from when on one may be asked for again. The return stays possible (T22b)."""

    code: str
    resets_at: Instant | None
    rules: Sequence[str]


class CancellationView(TypedDict):
    """A label that its carrier is to take back, how far that is, and why it has not where it has not."""

    label_id: str
    carrier: str
    tracking_number: str | None
    state: CancellationState
    code: str | None


def cancellation_views(return_: Return) -> Sequence[CancellationView]:
    """The labels that the carrier is to take back."""
    return [
        {
            "label_id": label_id,
            "carrier": last.carrier,
            "tracking_number": last.tracking_number,
            "state": _STATES[type(last)],
            "code": last.code if isinstance(last, ReturnLabelNotCancelled) else None,
        }
        for label_id, last in return_.cancellations.items()
    ]


def label_view(return_: Return, path: str, actor: Actor) -> LabelView | None:
    """The label, with its documents where there is one to print."""
    if not (label := return_.label):
        return None
    return {
        "id": label.label_id,
        "prepaid": label.prepaid,
        "payer": label.payer,
        "state": _label_state(return_, label),
        "tracking_number": label.tracking_number,
        "carrier": label.carrier,
        "files": dict.fromkeys(media_types(label), f"{path}/label") if prints(return_, actor) else {},
    }


def media_types(label: ReturnLabelIssued) -> Sequence[str]:
    """As what the label is printed: as its carrier draws it, or as any that are drawn here."""
    return (label.document,) if label.document else MEDIA_TYPES


def prints(return_: Return, actor: Actor) -> bool:
    """Whether there is a label to print, for this actor."""
    may = not return_.parties.acting(actor).isdisjoint(PRINTERS)
    return may and bool(return_.label and return_.label.tracking_number) and not return_.label_void


def _label_state(return_: Return, label: ReturnLabelIssued) -> LabelState:
    if return_.label_void:
        return "void"
    sent = return_.shipped.tracking_number if return_.shipped else ""
    return "used" if label.tracking_number and compact(sent) == compact(label.tracking_number) else "issued"


def label_denied_view(return_: Return) -> LabelDeniedView | None:
    """Why there is none, where it was refused."""
    if not (denied := return_.label_denied):
        return None
    return {"code": denied.code, "resets_at": denied.resets_at, "rules": denied.rules}
