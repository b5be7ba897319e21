"""Events of an order. These names are storage: never rename one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.deadlines import DeadlineMoved
from shared.events.money import Money
from shared.events.open_enums import Open


class Anchor(StrEnum):
    """From when a programme counts its protection: the order's finish (K3) or its payment."""

    FINISHED = "finished"
    PAID = "paid"


class RightKind(StrEnum):
    """What a right by law is about: goods that were faulty, or a buyer who has changed their mind."""

    CONFORMITY = "conformity"
    WITHDRAWAL = "withdrawal"


class Remedy(StrEnum):
    """What the buyer gets, the best first: money at once, money for the goods, other goods, the same goods whole."""

    CANCELLATION = "cancellation"
    REFUND_ONLY = "refund_only"
    RETURN_AND_REFUND = "return_and_refund"
    RETURN = "return"
    REPLACEMENT = "replacement"
    REPAIR = "repair"


class LawRight(Value):
    """A right that the law of the buyer's country adds (S17), by days or years from the receipt; `not_durable_days` is
    for goods that do not last. `payer` pays the freight; what is excluded goes by a line's flags or its category.
    """

    pack: str
    version: int
    hash: str
    right: str
    kind: Open[RightKind]
    days: int | None = None
    not_durable_days: int | None = None
    years: int | None = None
    payer: str
    remedies: tuple[Open[Remedy], ...]
    excluded_flags: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    rules: tuple[str, ...]


class MethodWindow(Value):
    """The earliest and the latest business day on which what goes back this way is credited: a method of payment, or
    `card`, `wallet` or `account` for all of that kind (S58, S59).
    """

    method: str
    bank_window_bd: tuple[int, int]


class Terms(Value):
    """A programme's parameters as they were resolved for one order: days are calendar days, `_bd` business days.

    `hash` is that of the whole version; `law` are the rights of the buyer's country.
    """

    programme: str
    version: int
    hash: str
    rules: tuple[str, ...]
    timezone: str
    anchor: Open[Anchor]
    protection_days: int
    undelivered_fallback_days: int
    opens_after_shipment_days: int
    opens_again_per_day: int
    opens_unshipped_days: int
    release_delay_hours: int
    payment_methods: tuple[str, ...]
    payment_methods_only: bool
    tracking_lag_days: int
    seller_response_days: int
    buyer_response_days: int
    buyer_timeout_action: str
    negotiation_days: int
    max_rounds: int
    escalation_after_days: int
    evidence_days: int
    evidence_policy: str
    evidence_image_types: tuple[str, ...]
    evidence_max_bytes: int
    evidence_video_max_bytes: int
    evidence_video_max_seconds: int
    evidence_max_items: int
    evidence_unattached_hours: int
    review_days: int
    appeal_days: int
    appeal_review_days: int
    survey_days: int
    two_person_amounts: tuple[Money, ...] = ()
    """By currency: a ruling above it takes a second person."""
    proposal_days: int = 7
    return_ship_days: int
    return_transit_alarm_days: int
    return_inspect_bd: int
    return_warehouse: str
    return_points: tuple[str, ...]
    return_free_days: int
    return_extra_days: int
    return_domestic_days: int
    return_large_side_cm: int
    return_large_sum_cm: int
    return_large_kg: int
    warranty_years: int
    warranty_one_year: tuple[str, ...]
    refund_bank_window_bd: tuple[int, int]
    refund_window_by_method: tuple[MethodWindow, ...] = ()
    """Of the methods that take other days."""
    refund_after_return_bd: int
    replacement_days: int = 30
    """So long a replacement may take, from the agreement or decision on (D13)."""
    warranty_review_days: int = 7
    """So long the case team may assess a warranty claim (D14)."""
    reminder_hours: int = 24
    """So many hours before the end of a deadline the one who has to act is reminded."""
    holidays: str | None = None
    """The calendar of holidays that business days leave out; without one they are Monday to Friday."""
    law: tuple[LawRight, ...] = ()


class Tender(Value):
    """One payment of several: how much of the order it is for, and what of it was taken when the order was paid; the
    rest is authorised, and may be taken later.
    """

    payment_id: str
    method: str
    amount: Money
    captured: Money


class OrderPayment(Value):
    """How the order was paid, and to whom (`payee`: `escrow` or `seller`); where several payments share it, its id and
    its method are those of the first.
    """

    payment_id: str
    method: str
    payee: str
    amount: Money
    parts: tuple[Tender, ...] = ()


class OrderLine(Value):
    """One line, with its listing's warranty as it was ordered (S97); `cap` is the most that can ever be refunded on it:
    its goods and its share of freight and discounts (G9). `captured` is what was taken of that when the order was paid,
    where that is not all.
    """

    line_id: str
    seller_id: str
    sku: str
    category: str
    price: Money
    quantity: int
    cap: Money
    weight_kg: Decimal | None = None
    dimensions_cm: tuple[Decimal, ...] = ()
    flags: tuple[str, ...] = ()
    listing_warranty: str | None = None
    captured: Money | None = None


class ShipTo(Value):
    """Where the order goes, as far as rules need it; the address itself is personal, and its text under the ref."""

    country: str
    region: str | None = None
    postal_code: str | None = None
    address_ref: str | None = None


class Pieces(Value):
    """So many of an order line; without a quantity all of them."""

    line_id: str
    quantity: int | None = None


class Parcel(Value):
    """One parcel, as its carrier numbers it, and what is in it: without lines, what is in no other parcel."""

    parcel_id: str
    tracking_number: str | None = None
    carrier: str | None = None
    weight_kg: Decimal | None = None
    dimensions_cm: tuple[Decimal, ...] = ()
    lines: tuple[Pieces, ...] = ()


class LineAmount(Value):
    """Money on one order line."""

    line_id: str
    amount: Money


class OrderRegistered(Event):
    """The shop registered an order; its terms are bound here (`body_digest` tells a repeat from another body)."""

    order_id: str
    buyer_id: str
    seller_id: str
    channel: str
    payment: OrderPayment
    lines: tuple[OrderLine, ...]
    terms: Terms
    buyer_account_status: str
    return_address_ref: str | None
    return_country: str | None = None
    free_return_confirmed: bool
    ship_to: ShipTo
    promised_by: date | None
    placed_at: Instant
    body_digest: str
    protection_ends_at: Instant | None


class PaymentPart(Value):
    """One payment of an order, and what it pays of each line: the most that can be refunded there from it (G9)."""

    payment_id: str
    method: str
    amount: Money
    lines: tuple[LineAmount, ...]


class OrderPaid(Event):
    """The buyer paid, by one payment or several; the refund service captures from this. `payments` are those of which
    anything was taken by then.
    """

    order_id: str
    buyer_id: str
    seller_id: str
    payments: tuple[PaymentPart, ...]
    paid_at: Instant
    protection_ends_at: Instant | None


class OrderCaptured(Event):
    """More was taken of a payment that was authorised, say for a parcel; the refund service captures from this too. Its
    lines may be refunded so much more (G9).
    """

    order_id: str
    capture_id: str
    payment_id: str
    buyer_id: str
    seller_id: str
    method: str
    amount: Money
    lines: tuple[LineAmount, ...]
    captured_at: Instant
    rules: tuple[str, ...]


class OrderShipped(Event):
    """The seller handed these parcels to the carrier; without parcels, all that was not shipped yet."""

    order_id: str
    shipped_at: Instant
    parcels: tuple[Parcel, ...]
    protection_ends_at: Instant | None


class OrderDelivered(Event):
    """The carrier's scan or the buyer's confirmation: of parcels, by id, or of pieces; naming none, of all. What has
    come is finished (K3).
    """

    order_id: str
    delivered_at: Instant
    parcels: tuple[str, ...] = ()
    lines: tuple[Pieces, ...] = ()
    protection_ends_at: Instant | None


class OrderFinished(Event):
    """The shop says that the order is finished (K2)."""

    order_id: str
    finished_at: Instant
    protection_ends_at: Instant | None


class DeliveryCorrected(Event):
    """The delivery, named as one is, was at another instant than first reported: windows move with it, nothing decided
    is undone.
    """

    order_id: str
    delivered_at: Instant
    parcels: tuple[str, ...] = ()
    lines: tuple[Pieces, ...] = ()
    protection_ends_at: Instant | None


class OrderCancelled(Event):
    """The order was cancelled before it was shipped, and by whom."""

    order_id: str
    by: str
    cancelled_at: Instant


class OrderCarrierLost(Event):
    """The carrier lost it, named as a delivery is: a dispute may be opened at once (S5, K7)."""

    order_id: str
    lost_at: Instant
    parcels: tuple[str, ...] = ()
    lines: tuple[Pieces, ...] = ()


class TrackingCorrected(Event):
    """A parcel has another number, or another carrier, than was typed; its id stays (S19)."""

    order_id: str
    parcel_id: str
    tracking_number: str
    carrier: str | None
    corrected_at: Instant


class AccountStatusChanged(Event):
    """The buyer's account has another standing (S14)."""

    order_id: str
    status: str
    since: Instant


class ReportKind(StrEnum):
    """What a buyer reports a seller for (S8)."""

    DIRECT_PAYMENT = "direct_payment"
    OFF_PLATFORM_CONTACT = "off_platform_contact"
    OTHER = "other"


class SellerReported(Event):
    """The buyer says that the seller did what no seller may; people look at it, and nothing follows by itself (S8).
    Which seller stays open where the order has several and the buyer named none.
    """

    order_id: str
    report_id: str
    seller_id: str | None
    kind: Open[ReportKind]
    text_ref: str
    evidence: tuple[str, ...] = ()
    reported_at: Instant
    rules: tuple[str, ...]


class Hold(StrEnum):
    """Why a payout waits; a line may have a hold of each kind."""

    DISPUTE = "dispute"
    RETURN = "return"
    CHARGEBACK = "chargeback"
    DENIED_RETURN = "denied_return"


class HeldPieces(Value):
    """So many pieces of a line, with their share of its cap, and the parcels that they are in as far as it is known."""

    line_id: str
    quantity: int
    cap: Money
    parcels: tuple[str, ...] = ()


class PaymentHeld(Event):
    """The payout of these pieces waits, for a dispute or for a return without one; of the lines that are `paid_out` it
    went before, and nothing of it is free again until the dispute has ended (K19). A dispute about the denial of a
    return names both (T27x).
    """

    order_id: str
    hold: Open[Hold]
    dispute_id: str | None
    return_id: str | None = None
    lines: tuple[HeldPieces, ...]
    held_at: Instant
    paid_out: tuple[str, ...] = ()


class HoldEnd(StrEnum):
    """Why a hold ended."""

    CANCELLED = "cancelled"
    AGREED = "agreed"
    CLOSED = "closed"
    DECIDED = "decided"
    RETURNED = "returned"
    DISPUTED = "disputed"


class PaymentHoldLifted(Event):
    """This hold has ended for its pieces of the lines: after a dispute, or a return that came to nothing, they are
    protected again as before it (T39); of what was `returned` nothing is left.
    """

    order_id: str
    hold: Open[Hold]
    dispute_id: str | None
    return_id: str | None = None
    lines: tuple[str, ...]
    because: Open[HoldEnd]


class PaymentReleased(Event):
    """The seller is paid for the pieces of that dispute, which ended `because` of that, or without one for all that
    none is about: what was paid less what was refunded (T39, S24); or what a buyer's clawback left him, once it ended
    (K19).
    """

    order_id: str
    lines: tuple[LineAmount, ...]
    amount: Money
    dispute_id: str | None
    because: Open[HoldEnd] | None = None
    clawback_id: str | None = None
    rules: tuple[str, ...]


class ProtectionExpired(Event):
    """The time for disputes is over (P); open ones go on; the release follows at `release_at` (R)."""

    order_id: str
    due_at: Instant
    release_at: Instant
    rules: tuple[str, ...]


class OrderCompleted(Event):
    """No line is left to dispute, refund or release (K2: closed)."""

    order_id: str
    rules: tuple[str, ...]


class WarrantyStep(StrEnum):
    """How far a warranty claim is."""

    OPENED = "opened"
    REPAIR = "repair"
    REPLACE = "replace"
    REFUSED = "refused"
    FULFILLED = "fulfilled"


class WarrantyNoted(Event):
    """A warranty claim about pieces of a line is as far as this: while it goes on, nobody claims for them again."""

    order_id: str
    warranty_id: str
    line_id: str
    quantity: int
    step: Open[WarrantyStep]
    opened_at: Instant
    noted_at: Instant
    rules: tuple[str, ...]


class GoodwillGranted(Event):
    """A seller gives money back of what it would be paid for these lines, without a dispute or beside one (S20); or of
    what it was paid, once the clawback that is named has brought it (K19).
    """

    goodwill_id: str
    order_id: str
    refund_id: str
    seller_id: str
    clawback_id: str | None = None
    lines: tuple[LineAmount, ...]
    amount: Money
    text_ref: str | None
    granted_at: Instant
    rules: tuple[str, ...]


class GoodwillReplacementGranted(Event):
    """A seller promises to send these pieces anew of its own accord: no money moves, and nobody is owed it (S20)."""

    goodwill_id: str
    order_id: str
    seller_id: str
    pieces: tuple[Pieces, ...]
    text_ref: str | None
    granted_at: Instant
    rules: tuple[str, ...]


class GoodwillReplacementShipped(Event):
    """The seller has sent what it gave (S20)."""

    goodwill_id: str
    order_id: str
    tracking_number: str
    carrier: str | None
    shipped_at: Instant
    rules: tuple[str, ...]


class GoodwillReplacementReceived(Event):
    """The buyer has it, by the buyer's or support's word (S20)."""

    goodwill_id: str
    order_id: str
    received_at: Instant
    rules: tuple[str, ...]


class RefundNotDue(Event):
    """Withdraws a refund that support asked for again: what it `replaces` is owed no more, for it was decided otherwise
    meanwhile (T30a).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    replaces: str
    rules: tuple[str, ...]


OrderEvent = (
    OrderRegistered
    | OrderPaid
    | OrderCaptured
    | OrderShipped
    | OrderDelivered
    | OrderFinished
    | DeliveryCorrected
    | OrderCancelled
    | OrderCarrierLost
    | TrackingCorrected
    | AccountStatusChanged
    | SellerReported
    | DeadlineMoved
    | PaymentHeld
    | PaymentHoldLifted
    | PaymentReleased
    | ProtectionExpired
    | OrderCompleted
    | GoodwillGranted
    | GoodwillReplacementGranted
    | GoodwillReplacementShipped
    | GoodwillReplacementReceived
    | WarrantyNoted
    | RefundNotDue
)
