"""Events of an order's payment and its refunds, in lifecycle order. These names are storage: never rename one."""

from __future__ import annotations

from enum import StrEnum

from shared.events.base import Event, Instant, Value
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import RefundSource
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalMade
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.order import LineAmount, MethodWindow
from shared.events.outside.chargeback import RefundsFrozen, RefundsUnfrozen, RepresentmentClosed, RepresentmentDue


class Destination(StrEnum):
    """Where the money goes (S60)."""

    ORIGINAL = "original"
    BONUS = "bonus"


class RefundWay(StrEnum):
    """The ways that money goes back: what to look at when it does not show depends on it (S63)."""

    CARD = "card"
    WALLET = "wallet"
    ACCOUNT = "account"
    BONUS = "bonus"


class ManualReason(StrEnum):
    """Why people take a refund over (T31a)."""

    RETRIES_USED_UP = "retries_used_up"
    ANSWER_DIFFERS = "answer_differs"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CHARGED_BACK = "charged_back"


class DoubtFound(StrEnum):
    """What people found of money that was given up in doubt (T31a)."""

    PAID = "paid"
    NOT_PAID = "not_paid"


NOT_DUE = "not_due"
"""Why a refund that support asked for again is refused: nothing waits for it any more."""


class RefundPart(Value):
    """What one payment gives of a refund that several give; the provider knows it by its own id."""

    part_id: str
    payment_id: str
    lines: tuple[LineAmount, ...]
    amount: Money


class PaidPart(RefundPart):
    """A part that went, under this reference of the provider's or, sent by hand, of the bank's."""

    provider_ref: str
    manual: bool = False
    issued_at: Instant


class PartStep(Value):
    """Which part of a refund an event is about, and the state that the whole refund then has; `retry_at` is when the
    first of its parts is tried again that the provider has declined.
    """

    part_id: str
    refund_state: str
    retry_at: Instant | None = None


class PaymentCaptured(Event):
    """What was taken of a payment, and the cap of each line: every refund of the order is counted against it. What was
    taken of the same payment later has a `capture_id`.
    """

    order_id: str
    payment_id: str
    buyer_id: str
    seller_id: str
    method: str
    amount: Money
    lines: tuple[LineAmount, ...]
    capture_id: str | None = None


class BuyerStandingNoted(Event):
    """The standing of the buyer's account, as the order's events tell it: since an instant or, without one, since the
    order was placed (S14).
    """

    order_id: str
    status: str
    since: Instant | None
    rules: tuple[str, ...]


class RefundDestinationChosen(Event):
    """The buyer says where the money of the order goes, should it go back (S60)."""

    order_id: str
    destination: Open[Destination]
    chosen_at: Instant
    rules: tuple[str, ...]


class RefundRequested(Event):
    """Somebody's `RefundDue` arrived; `seller_id` is whose lines they are, None where that is the payment's seller. It
    refers to a dispute, to a return, or to both, or to a seller's goodwill; of a cancelled order it may refer to none
    (S15). Goods that went back came at `received_at`. It may be asked for again in the place of one that was refused,
    which it `replaces` (T30a). Where several payments give it, each has a part, and `payment_id` is the first one's.
    """

    refund_id: str
    order_id: str
    payment_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    source: Open[RefundSource]
    bank_window_bd: tuple[int, int]
    timezone: str
    requested_at: Instant
    rules: tuple[str, ...]
    seller_id: str | None = None
    return_id: str | None = None
    replaces: str | None = None
    goodwill_id: str | None = None
    holidays: str | None = None
    refund_after_return_bd: int | None = None
    received_at: Instant | None = None
    window_by_method: tuple[MethodWindow, ...] = ()
    parts: tuple[RefundPart, ...] = ()


class RefundRefused(Event):
    """The refund will not be paid: no such payment, more than the cap, or asked for again when nothing waits for it
    (T30a); `seller_id` as when requested.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    reason: str
    requested_at: Instant
    rules: tuple[str, ...]
    seller_id: str | None = None
    return_id: str | None = None
    replaces: str | None = None
    goodwill_id: str | None = None


class RefundApproved(Event):
    """The money is reserved under the cap and is to be paid, from `pay_at` on; each of the parts, where several
    payments give it.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    amount: Money
    destination: Open[Destination]
    pay_at: Instant
    part_ids: tuple[str, ...] = ()
    rules: tuple[str, ...]


class RefundIssued(Event):
    """The provider took the order to pay, or people have paid it by hand (`manual`: then `provider_ref` is the bank's
    reference); the bank credits between the two instants (S58, D12). Of a refund in parts it comes with the last of
    them, whose reference it has, and its money is that of the parts that went; others may be given up `in_doubt`.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    destination: Open[Destination]
    provider_ref: str
    manual: bool = False
    issued_at: Instant
    expected_from: Instant
    expected_until: Instant
    parts: tuple[PaidPart, ...] = ()
    in_doubt: tuple[LineAmount, ...] = ()
    rules: tuple[str, ...]


class RefundPartIssued(Event):
    """One payment of several gave its part; the refund is issued with the last of them."""

    refund_id: str
    order_id: str
    dispute_id: str | None
    part: PartStep
    payment_id: str
    lines: tuple[LineAmount, ...]
    amount: Money
    destination: Open[Destination] = Destination.ORIGINAL
    provider_ref: str
    manual: bool = False
    issued_at: Instant
    rules: tuple[str, ...]


class RefundConfirmed(Event):
    """The buyer is told that the money of a `RefundIssued`, the `source_event`, is on its way: once for each, in the
    same append as the notification (S61).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    amount: Money
    source_event: str
    notification_id: str
    confirmed_at: Instant
    rules: tuple[str, ...]


class RefundPaidTwice(Event):
    """The provider says that it paid what people had paid by hand, or what it had paid under another key: that much
    went twice, and people see to it. Where several payments give the refund it is about one `part`, and so is its
    money.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    part: PartStep | None = None
    payment_id: str
    lines: tuple[LineAmount, ...]
    amount: Money
    provider_ref: str
    learnt_at: Instant
    rules: tuple[str, ...]


class RefundFailed(Event):
    """The provider said no, definitively; `retry_at` is the next try, None hands it to people. Where several payments
    give the refund it is about one `part`, and so is its money. It is `again` where the refund had failed already, and
    was tried by itself since.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    reason: str
    failures: int
    retry_at: Instant | None
    part: PartStep | None = None
    again: bool = False
    rules: tuple[str, ...]


class RefundHeld(Event):
    """A chargeback is open: the refund, or one `part` of it, is not sent before the bank has decided (T34)."""

    refund_id: str
    order_id: str
    dispute_id: str | None
    amount: Money
    chargeback_id: str
    part: PartStep | None = None
    rules: tuple[str, ...]


class RefundRetried(Event):
    """Support or the buyer asks for another try, or the chargeback that it waited for is over; of one `part` where
    several payments give the refund, and so is its money. `account_token` is what the provider calls the account that
    the buyer names; `sent_back` that it is money that a bank has sent back (T32a).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    pay_at: Instant
    part: PartStep | None = None
    account_token: str | None = None
    sent_back: bool = False
    rules: tuple[str, ...]


class RefundSentToManual(Event):
    """People take over: no try is left, nobody knows whether the money went, the provider's answer is not what was
    asked (T31a), or a bank has paid the buyer and leaves too little for it (T35).

    `differs` names what in the answer is other than asked; `provider_ref` is what the provider calls its payment. Where
    several payments give the refund it is about one `part`, and so is its money.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    failures: int
    reason: Open[ManualReason]
    differs: tuple[str, ...] = ()
    provider_ref: str | None = None
    part: PartStep | None = None
    rules: tuple[str, ...]


class RefundAbandoned(Event):
    """Two persons of support have given it up, for a reason that a ticket tells: it is not paid, or of what is
    `in_doubt` nobody knows whether it was (T30a, T31a).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    ticket: str
    reason_ref: str
    decided_by: str
    agreed_by: str
    abandoned_at: Instant
    in_doubt: tuple[LineAmount, ...] = ()
    rules: tuple[str, ...]


class RefundPartAbandoned(Event):
    """Two persons of support have given up what one payment of several was to give: so much less is paid (T31a)."""

    refund_id: str
    order_id: str
    dispute_id: str | None
    part: PartStep
    lines: tuple[LineAmount, ...]
    amount: Money
    ticket: str
    reason_ref: str
    decided_by: str
    agreed_by: str
    abandoned_at: Instant
    in_doubt: tuple[LineAmount, ...] = ()
    rules: tuple[str, ...]

    @property
    def is_last(self) -> bool:
        """Whether all of the refund is given up with it, which the refund's own event tells."""
        return self.part.refund_state == "abandoned"


class RefundDoubtEnded(Event):
    """Of money that was given up in doubt it is known now whether it was paid: two persons of support have found out,
    or without them the provider says so. Where several payments give the refund it is about one `part`, and so is its
    money. What is found paid before the refund is issued is a `RefundIssued` alone.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    part: PartStep | None = None
    lines: tuple[LineAmount, ...]
    amount: Money
    found: Open[DoubtFound]
    ticket: str | None = None
    reason_ref: str | None = None
    decided_by: str | None = None
    agreed_by: str | None = None
    ended_at: Instant
    rules: tuple[str, ...]


class RefundReRequested(Event):
    """Two persons of support ask for the money of a refund that was refused again, at most for what it was, as the
    refund that it is `replaced_by` (T30a).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    replaced_by: str
    ticket: str
    reason_ref: str
    decided_by: str
    agreed_by: str
    re_requested_at: Instant
    rules: tuple[str, ...]


class RefundSettled(Event):
    """The bank confirmed the credit, of one `part` where several payments give the refund: the money is the part's, and
    with the last of them all that went. It is `again` where the provider sent word of money that was settled, was
    asked, and stays with it.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    settled_at: Instant
    part: PartStep | None = None
    again: bool = False
    rules: tuple[str, ...]

    @property
    def is_last(self) -> bool:
        """Whether all of the refund is settled with it, of which this may be the last part."""
        return not self.part or self.part.refund_state == "settled"


class RefundSettlementOverdue(Event):
    """The bank's window has ended (D12), and neither the provider nor a bank has said that the money is there: no
    failure, but time to look at what may be wrong (S62, S63), by the `way` that it went, if it went one way. It is
    `again` where it was overdue already, and the provider was asked once more and still does not say so.
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    due_at: Instant
    way: Open[RefundWay] | None = None
    again: bool = False
    rules: tuple[str, ...]


class RefundReturnedByBank(Event):
    """The bank has sent the money of an issued refund back, of one `part` where several payments give it: it is owed
    again, and the next try, which counts the `failures`, is a payment of its own (T32a).
    """

    refund_id: str
    order_id: str
    dispute_id: str | None
    lines: tuple[LineAmount, ...]
    amount: Money
    reason: str
    failures: int
    returned_at: Instant
    part: PartStep | None = None
    destination: Open[Destination] = Destination.ORIGINAL
    rules: tuple[str, ...]


RefundEvent = (
    PaymentCaptured
    | BuyerStandingNoted
    | RefundDestinationChosen
    | RefundRequested
    | RefundRefused
    | RefundApproved
    | RefundPartIssued
    | RefundIssued
    | RefundConfirmed
    | RefundPaidTwice
    | RefundFailed
    | RefundHeld
    | RefundRetried
    | RefundSentToManual
    | ProposalMade
    | ProposalAgreed
    | ProposalDeclined
    | RefundPartAbandoned
    | RefundAbandoned
    | RefundDoubtEnded
    | RefundReRequested
    | RefundSettled
    | RefundSettlementOverdue
    | RefundReturnedByBank
    | RefundsFrozen
    | RepresentmentDue
    | RepresentmentClosed
    | RefundsUnfrozen
    | DeadlineMoved
)
