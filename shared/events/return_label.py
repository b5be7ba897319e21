"""Events of a return, in lifecycle order. These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import Payer, Reason, ReturnKind, ReturnLine
from shared.events.inspection import InspectedPieces, InspectionFault, InspectionResult, ReturnPiecesInspected
from shared.events.open_enums import Open


class Denial(StrEnum):
    """How a seller denies what it offered; any other reason of a denial is the code of a refusal."""

    REFUSED = "refused_by_seller"
    UNANSWERED = "not_answered"


class ReturnRequested(Event):
    """Goods are to go back: to the seller's address, else to the platform's warehouse, whose subject is `warehouse_id`
    (K22), handed in at one of the `points`, where there is a list (S87). Where the seller has a word in it, the seller
    answers until `respond_by` (D1): the goods are then sent within `ship_days`, or a denial is disputed within
    `dispute_days`.
    """

    return_id: str
    kind: Open[ReturnKind]
    order_id: str
    dispute_id: str | None
    buyer_id: str
    seller_id: str
    lines: tuple[ReturnLine, ...]
    reason: Open[Reason]
    freight_payer: Open[Payer]
    address_ref: str | None
    warehouse: str | None
    warehouse_id: str | None = None
    points: tuple[str, ...] = ()
    transit_alarm_days: int
    inspect_bd: int
    timezone: str
    respond_by: Instant | None = None
    ship_days: int | None = None
    dispute_days: int | None = None
    rules: tuple[str, ...]


class ReturnAuthorized(Event):
    """The buyer may send them, until `ship_by` (D9), to the address that it names, if any, as the `instructions`
    say (S80).
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    ship_by: Instant
    address_ref: str | None = None
    instructions: tuple[str, ...] = ()
    rules: tuple[str, ...]


class ReturnDenied(Event):
    """The goods cannot go back, and why; the seller's words are under `reason_ref`. What its seller denied may be
    disputed until `dispute_until` (T27x).
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    reason: str
    reason_ref: str | None = None
    dispute_until: Instant | None = None
    rules: tuple[str, ...]


class ReturnDisputed(Event):
    """The buyer has disputed the denial: what becomes of the goods that dispute says (T27x)."""

    return_id: str
    dispute_id: str
    order_id: str
    rules: tuple[str, ...]


class ReturnDenialFinal(Event):
    """Nobody has disputed the denial until `due_at`: it stays (T27x)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    due_at: Instant
    rules: tuple[str, ...]


class ReturnLabelOrdered(Event):
    """A prepaid label is wanted of the carrier that is set; until it has answered there is none. The label's id is the
    key under which it is bought, once.
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    label_id: str
    payer: Open[Payer]
    carrier: str
    ordered_at: Instant
    rules: tuple[str, ...]


class ReturnLabelIssued(Event):
    """A label to send them with; `prepaid` says that the buyer does not pay the freight. Such a one has its carrier's
    tracking number, and where the carrier draws it, the media type of its `document`.
    """

    return_id: str
    order_id: str
    label_id: str
    prepaid: bool
    payer: Open[Payer]
    tracking_number: str | None = None
    carrier: str | None = None
    document: str | None = None
    rules: tuple[str, ...]


class ReturnLabelDenied(Event):
    """There is no prepaid label, and why: `code` is the refusal's; at `resets_at` one may be asked for again (T22b)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    code: str
    resets_at: Instant | None
    rules: tuple[str, ...]


class ReturnLabelGivenBack(Event):
    """The label is void and was not used; the return goes on, and may have one more (K24)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    label_id: str
    rules: tuple[str, ...]


class ReturnLabelVoided(Event):
    """Nothing is to be sent any more: the buyer keeps the goods (T21)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    label_id: str | None
    rules: tuple[str, ...]


class ReturnLabelCancellationOrdered(Event):
    """No return goes with the label any more, so its carrier is to take it back; without a number it is not known
    whether the carrier has sold it.
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    label_id: str
    carrier: str
    tracking_number: str | None
    ordered_at: Instant
    rules: tuple[str, ...]


class ReturnLabelCancelled(Event):
    """The carrier has taken the label back, or had never sold it, and then it has no number; or support has settled it
    with the carrier.
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    label_id: str
    carrier: str
    tracking_number: str | None
    rules: tuple[str, ...]


class ReturnLabelNotCancelled(Event):
    """The carrier has not taken the label back, and why: people are to look at it."""

    return_id: str
    dispute_id: str | None
    order_id: str
    label_id: str
    carrier: str
    tracking_number: str | None
    code: str
    rules: tuple[str, ...]


class ReturnShipped(Event):
    """The parcel is on its way; the alarm for its transit is `transit_alarm_at` (D10)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    tracking_number: str
    carrier: str | None = None
    shipped_at: Instant
    transit_alarm_at: Instant
    rules: tuple[str, ...]


class ReturnTrackingCorrected(Event):
    """The parcel has another number, or another carrier, than was typed: `replaced` (S81)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    replaced: str
    tracking_number: str
    carrier: str | None
    corrected_at: Instant
    rules: tuple[str, ...]


class ReturnLapsed(Event):
    """Nothing was sent until `due_at`, and nothing goes back any more (T24, D9)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    due_at: Instant
    rules: tuple[str, ...]


class ReturnTransitOverdue(Event):
    """The goods are on their way for too long; the next alarm is `transit_alarm_at` (T44, D10)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    due_at: Instant
    transit_alarm_at: Instant
    rules: tuple[str, ...]


class ReturnLost(Event):
    """The carrier has lost the goods on their way back; a prepaid label is not the buyer's risk (T25a)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    prepaid: bool
    lost_at: Instant
    rules: tuple[str, ...]


class ReturnReceived(Event):
    """The parcel arrived; it is to be inspected until `inspect_by` (D11)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    received_at: Instant
    inspect_by: Instant
    rules: tuple[str, ...]


class ReturnInspected(Event):
    """What was found in the end: all passed, or the first `fault`; the inspector's words are under `note_ref`. `pieces`
    are all of them where they were looked at one by one, `evidence` all the items of the order that show it.
    """

    return_id: str
    dispute_id: str | None
    order_id: str
    result: Open[InspectionResult]
    fault: Open[InspectionFault] | None
    note_ref: str | None
    pieces: tuple[InspectedPieces, ...] = ()
    evidence: tuple[str, ...] = ()
    rules: tuple[str, ...]


class InspectionTimedOut(Event):
    """Nobody has inspected the goods until `due_at`: they count as passed (T28, D11)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    due_at: Instant
    rules: tuple[str, ...]


class ReturnHeld(Event):
    """A bank decides about the payment of the order: until it has, nothing of the return falls due (T34)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    chargeback_id: str
    held_at: Instant
    rules: tuple[str, ...]


class ReturnHoldEnded(Event):
    """That bank has decided; where no other one decides still, a `DeadlineMoved` follows for each deadline (T35)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    chargeback_id: str
    ended_at: Instant
    rules: tuple[str, ...]


ReturnEvent = (
    ReturnRequested
    | ReturnAuthorized
    | ReturnDenied
    | ReturnDisputed
    | ReturnDenialFinal
    | ReturnLabelOrdered
    | ReturnLabelIssued
    | ReturnLabelDenied
    | ReturnLabelGivenBack
    | ReturnLabelVoided
    | ReturnLabelCancellationOrdered
    | ReturnLabelCancelled
    | ReturnLabelNotCancelled
    | ReturnShipped
    | ReturnTrackingCorrected
    | ReturnLapsed
    | ReturnTransitOverdue
    | ReturnLost
    | ReturnReceived
    | ReturnPiecesInspected
    | ReturnInspected
    | InspectionTimedOut
    | ReturnHeld
    | ReturnHoldEnded
    | DeadlineMoved
)
