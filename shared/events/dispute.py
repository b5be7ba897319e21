"""Events of a dispute, in lifecycle order. These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.deadlines import DeadlineMoved
from shared.events.evidence import CarrierScanAdded, EvidenceAdded, EvidenceRemoved
from shared.events.inspection import InspectedPieces
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.order import LineAmount, MethodWindow, Terms
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved


class Reason(StrEnum):
    """Why a buyer disputes, or sends something back; the last three are no ground of a dispute by themselves (S10, S13,
    K21).
    """

    NOT_RECEIVED = "not_received"
    LATE = "late"
    WRONG_ADDRESS = "wrong_address"
    NOT_AS_DESCRIBED = "not_as_described"
    COUNTERFEIT = "counterfeit"
    DAMAGED = "damaged"
    SHORTAGE = "shortage"
    DEFECTIVE = "defective"
    WRONG_ITEM = "wrong_item"
    WRONG_SIZE = "wrong_size"
    UNAUTHORISED_CHARGE = "unauthorised_charge"
    CHANGE_OF_MIND = "change_of_mind"
    NOT_STATED = "not_stated"


UNWANTED = frozenset({Reason.CHANGE_OF_MIND, Reason.NOT_STATED})
"""What is no fault (K20, K21): a ground only where a seller was to take it back (T27x)."""


class SolutionType(StrEnum):
    """What a solution consists of."""

    REFUND_ONLY = "refund_only"
    RETURN_AND_REFUND = "return_and_refund"
    REPLACEMENT = "replacement"
    EXCHANGE = "exchange"


SENT_AGAIN = (SolutionType.REPLACEMENT, SolutionType.EXCHANGE)
"""The item comes again, or another one; no money moves (S86, S92)."""


class Payer(StrEnum):
    """Who pays the freight of a return (K26)."""

    BUYER = "buyer"
    SELLER = "seller"
    PLATFORM = "platform"


class Decision(StrEnum):
    """The seller's answer."""

    ACCEPT = "accept"
    COUNTER = "counter"
    REJECT = "reject"


class ReachedType(StrEnum):
    """How a solution was reached."""

    NEGOTIATED = "negotiated"
    SELLER_TIMEOUT = "seller_timeout"
    ARBITRATED = "arbitrated"
    APPEAL = "appeal"
    SUPPORT_OVERRIDE = "support_override"


class EscalationReason(StrEnum):
    """Why a dispute went to the case team."""

    BUYER_TIMEOUT = "buyer_timeout"
    NEGOTIATION_TIMEOUT = "negotiation_timeout"
    RETURN_CONDITION = "return_condition"
    RETURN_IMPOSSIBLE = "return_impossible"
    RETURN_LOST = "return_lost"
    REQUESTED = "requested"
    REPLACEMENT_OVERDUE = "replacement_overdue"
    SUPPORT_OVERRIDE = "support_override"


class CloseReason(StrEnum):
    """How a dispute ended."""

    REFUNDED = "refunded"
    NO_REFUND = "no_refund"
    CANCELLED_BY_BUYER = "cancelled_by_buyer"
    RETURN_LAPSED = "return_lapsed"
    REPLACED = "replaced"
    EXTERNAL_CHARGEBACK = "external_chargeback"
    ERRONEOUS = "erroneous"


class RefundSource(StrEnum):
    """On what ground money goes back (S57)."""

    AGREEMENT = "agreement"
    CANCELLATION = "cancellation"
    MEDIATION = "mediation"
    RETURN = "return"
    GOODWILL = "goodwill"


class Hint(StrEnum):
    """What the parties are told beside a decision."""

    TRACKING_MAY_LAG = "tracking_may_lag"


class DisputedLine(Value):
    """An order line as far as it is disputed; `cap` is what was refundable on that quantity when the dispute began."""

    line_id: str
    quantity: int
    cap: Money


class Solution(Value):
    """What one party asks or offers."""

    type: Open[SolutionType]
    amount: Money
    freight_payer: Open[Payer] | None = None
    address_ref: str | None = None


class Forced(Value):
    """On which ticket and why support opened it for the buyer (S20)."""

    ticket: str
    reason_ref: str


class ByLaw(Value):
    """The rights of the law by which it was opened once the programme's time was over (S17), and the lines whose seller
    had been paid already: what goes back of them is asked of him (K19).
    """

    rights: tuple[str, ...]
    paid_out: tuple[str, ...] = ()


class DisputeOpened(Event):
    """A buyer disputes lines of an order, or support does for the buyer; the seller has until `respond_by` (S39). Until
    `protection_ends_at` it could be opened, by the programme or by law, or because the seller denied the return that it
    is `from_return` (T27x). From where the order went nothing goes back by the rules of `no_return`, if any; what
    does is handed in at the `return_points` (S87).
    """

    dispute_id: str
    order_id: str
    payment_id: str
    buyer_id: str
    seller_id: str
    lines: tuple[DisputedLine, ...]
    reason: Open[Reason]
    request: Solution
    description_ref: str
    evidence: tuple[str, ...]
    contacted_seller: bool
    terms: Terms
    reopened_from: str | None
    protection_ends_at: Instant | None
    return_address_ref: str | None
    opened_at: Instant
    respond_by: Instant
    hints: tuple[Open[Hint], ...] = ()
    forced: Forced | None = None
    by_law: ByLaw | None = None
    no_return: tuple[str, ...] = ()
    return_points: tuple[str, ...] = ()
    from_return: str | None = None
    rules: tuple[str, ...]


class SellerResponded(Event):
    """The seller answered; the buyer has until `answer_by`, both until `negotiate_until` (D2, D4), and either may
    escalate from `escalation_from` on (G11).
    """

    dispute_id: str
    decision: Open[Decision]
    reason_ref: str | None
    answer_by: Instant | None
    negotiate_until: Instant | None
    escalation_from: Instant | None
    rules: tuple[str, ...]


class SolutionProposed(Event):
    """A solution other than the one asked for (S42); a party's next one is the next version of it."""

    dispute_id: str
    solution_id: str
    version: int
    by: str
    solution: Solution
    proposed_at: Instant
    rules: tuple[str, ...]


class SellerResponseTimedOut(Event):
    """The seller was silent until `due_at` (S41)."""

    dispute_id: str
    due_at: Instant
    rules: tuple[str, ...]


class RequestModified(Event):
    """The buyer changed the request: the next round (S43)."""

    dispute_id: str
    round: int
    reason: Open[Reason]
    request: Solution
    description_ref: str | None
    evidence: tuple[str, ...]
    modified_at: Instant
    respond_by: Instant
    rules: tuple[str, ...]


class SolutionAccepted(Event):
    """The buyer accepted the live solution, in the version that the seller put last (S42)."""

    dispute_id: str
    solution_id: str
    version: int
    solution: Solution
    rules: tuple[str, ...]


class SolutionReached(Event):
    """What will be done, how it came about, and on which rules; what is to be sent again has until
    `replacement_until` to come (D13).
    """

    dispute_id: str
    reached_type: Open[ReachedType]
    solution: Solution
    lines: tuple[LineAmount, ...]
    reached_at: Instant
    replacement_until: Instant | None = None
    rules: tuple[str, ...]


class BuyerResponseTimedOut(Event):
    """The buyer did not answer until `due_at` (T8)."""

    dispute_id: str
    due_at: Instant
    rules: tuple[str, ...]


class NegotiationTimedOut(Event):
    """No agreement until `due_at` (T10)."""

    dispute_id: str
    due_at: Instant
    rules: tuple[str, ...]


class Escalated(Event):
    """The case team takes over; evidence is gathered until `evidence_until` (D3). A party may say why."""

    dispute_id: str
    by: str
    reason: Open[EscalationReason]
    reason_ref: str | None = None
    evidence_until: Instant
    rules: tuple[str, ...]


class ReturnLine(Value):
    """So many of an order line go back."""

    line_id: str
    quantity: int


class ReturnKind(StrEnum):
    """On what ground goods go back."""

    DISPUTE = "dispute"
    FREE = "free"
    EXTRA = "extra"
    DOMESTIC = "domestic"
    STATUTORY = "statutory"


class ReturnDue(Event):
    """Asks the return-label service for a return: a dispute's (T22), or the one that a buyer was granted without a
    dispute (K20). It goes to the seller's address, else to that of the platform's warehouse (K22), and is handed in at
    the `points`, where there is a list (S87). By the rules of `suspended`, if any, the return service takes nothing
    from where it is. Nothing of it falls due while the chargebacks are open that it is `held_by` (T34). Where the
    seller has a word in it, the seller answers within `response_days`, and a denial may be disputed within
    `dispute_days` (T27x).
    """

    return_id: str
    kind: Open[ReturnKind] = ReturnKind.DISPUTE
    dispute_id: str | None
    order_id: str
    buyer_id: str
    seller_id: str
    lines: tuple[ReturnLine, ...]
    reason: Open[Reason]
    freight_payer: Open[Payer]
    address_ref: str | None
    warehouse: str | None
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


class ReturnNotDue(Event):
    """Withdraws a return that was asked for: the buyer keeps the goods (T21)."""

    return_id: str
    dispute_id: str | None
    order_id: str
    buyer_id: str | None = None
    rules: tuple[str, ...]


class RefundDue(Event):
    """Asks the refund service for money: the only event that does (S57).

    Money for goods that came back has their `return_id`, when they did, and business days from then (S59). What was
    refused and is asked for again names the refund that it `replaces` (T30a), a seller's goodwill itself (S20).
    """

    refund_id: str
    order_id: str
    payment_id: str
    dispute_id: str | None
    return_id: str | None = None
    buyer_id: str
    seller_id: str
    lines: tuple[LineAmount, ...]
    amount: Money
    source: Open[RefundSource]
    bank_window_bd: tuple[int, int]
    window_by_method: tuple[MethodWindow, ...] = ()
    refund_after_return_bd: int | None = None
    received_at: Instant | None = None
    timezone: str
    holidays: str | None = None
    replaces: str | None = None
    goodwill_id: str | None = None
    rules: tuple[str, ...]


class RefundOutcome(StrEnum):
    """What the refund service answered; and of what was paid, what a bank made of it: it is there (`settled`), nobody
    says so though its time is over (`overdue`), or it came back. What is owed since then is `tried_again`, has
    `failed_again`, is `with_people`, is `given_up` or was `issued_again`.
    """

    ISSUED = "issued"
    FAILED = "failed"
    REFUSED = "refused"
    SENT_TO_MANUAL = "sent_to_manual"
    ABANDONED = "abandoned"
    SETTLED = "settled"
    OVERDUE = "overdue"
    RETURNED_BY_BANK = "returned_by_bank"
    TRIED_AGAIN = "tried_again"
    FAILED_AGAIN = "failed_again"
    WITH_PEOPLE = "with_people"
    GIVEN_UP = "given_up"
    ISSUED_AGAIN = "issued_again"
    FOUND_PAID = "found_paid"
    FOUND_UNPAID = "found_unpaid"


class RefundNoted(Event):
    """The refund service's answer, on the dispute and on its order; what is paid has its bank's window. Of what was
    given up nobody may know whether it was paid: that is `in_doubt`, until it is found paid, or unpaid (T31a).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    outcome: Open[RefundOutcome]
    amount: Money
    lines: tuple[LineAmount, ...]
    reason: str | None
    expected_from: Instant | None = None
    expected_until: Instant | None = None
    in_doubt: tuple[LineAmount, ...] = ()
    source_event: str
    noted_at: Instant
    rules: tuple[str, ...]


class ReturnOutcome(StrEnum):
    """What the return-label service reported."""

    AUTHORIZED = "authorized"
    DENIED = "denied"
    VOIDED = "voided"
    SHIPPED = "shipped"
    RECEIVED = "received"
    PASSED = "passed"
    FAILED = "failed"
    LAPSED = "lapsed"
    LOST = "lost"
    LOST_BY_OWN_CARRIER = "lost_by_own_carrier"
    NOT_INSPECTED = "not_inspected"
    DENIAL_FINAL = "denial_final"


class ReturnNoted(Event):
    """A step of the return, on what it belongs to: a dispute, or the order alone. `pieces` are what was found of each
    where they were looked at one by one, `passed` the money of those that passed beside others that failed (T27).
    A denial by its seller may be disputed until `dispute_until` (T27x).
    """

    return_id: str
    order_id: str
    dispute_id: str | None
    outcome: Open[ReturnOutcome]
    reason: str | None
    source_event: str
    noted_at: Instant
    pieces: tuple[InspectedPieces, ...] = ()
    passed: tuple[LineAmount, ...] = ()
    dispute_until: Instant | None = None
    rules: tuple[str, ...]


class ReplacementShipped(Event):
    """The seller has sent what was agreed or decided (T40)."""

    dispute_id: str
    tracking_number: str
    carrier: str | None
    shipped_at: Instant
    rules: tuple[str, ...]


class ReplacementReceived(Event):
    """The buyer has it (T40)."""

    dispute_id: str
    received_at: Instant
    rules: tuple[str, ...]


class ReplacementOverdue(Event):
    """Nothing came until `due_at` (D13)."""

    dispute_id: str
    due_at: Instant
    rules: tuple[str, ...]


class ReplacementNotDue(Event):
    """Withdraws what was to be sent: an appeal has ruled otherwise, or the order was cancelled (T18, T45)."""

    dispute_id: str
    rules: tuple[str, ...]


class CancellationNoted(Event):
    """The order was cancelled: this is what goes back of each disputed line in all, and nobody settles it otherwise
    (T45).
    """

    dispute_id: str
    order_id: str
    lines: tuple[LineAmount, ...]
    amount: Money
    cancelled_at: Instant
    rules: tuple[str, ...]


class DisputeCancelled(Event):
    """The buyer withdrew the dispute (S46)."""

    dispute_id: str
    acknowledged_release: bool
    rules: tuple[str, ...]


class DisputeClosed(Event):
    """The end, and why; the solution that was carried out and how it was reached, if any (S52)."""

    dispute_id: str
    reason: Open[CloseReason]
    reached_type: Open[ReachedType] | None = None
    solution: Solution | None = None
    amount: Money
    closed_at: Instant
    rules: tuple[str, ...]


DisputeEvent = (
    DisputeOpened
    | SellerResponded
    | SolutionProposed
    | SellerResponseTimedOut
    | RequestModified
    | SolutionAccepted
    | SolutionReached
    | BuyerResponseTimedOut
    | NegotiationTimedOut
    | Escalated
    | ReturnDue
    | ReturnNotDue
    | RefundDue
    | RefundNoted
    | ReturnNoted
    | ReplacementShipped
    | ReplacementReceived
    | ReplacementOverdue
    | ReplacementNotDue
    | CancellationNoted
    | DisputeCancelled
    | DisputeClosed
    | EvidenceAdded
    | CarrierScanAdded
    | EvidenceRemoved
    | ExternalChargebackOpened
    | ExternalChargebackResolved
    | DeadlineMoved
)
