"""Purchase of a label: what the carrier has answered to an order, once (S75, T22, T22b)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from return_label.domain.commands import LabelCommand
from return_label.domain.label_quotas.state import Quota
from return_label.domain.returns.labels.leaving import released
from return_label.domain.returns.state import Return
from shared.decider import Decided
from shared.events.base import SYSTEM
from shared.events.ids import derived_id, derived_uuid
from shared.events.outside.words import Name, TrackingNumber
from shared.events.return_label import ReturnLabelDenied, ReturnLabelIssued, ReturnLabelOrdered


def document_ref(label_id: str) -> str:
    """Under which a carrier's own document is kept, among the texts about people."""
    return derived_id("txt", label_id, "document")


class NoLabel(StrEnum):
    """Why a carrier has sold none."""

    REFUSED = "carrier_refused"
    """It says no; the same label may be asked for again."""
    UNANSWERED = "carrier_unanswered"
    """Nobody knows whether it has sold one: whoever asks for it again gets that very one."""


class PurchaseCommand(LabelCommand):
    """An answer to the order of a label."""

    label_id: str
    ordered_at: datetime

    @classmethod
    def of(cls, ordered: ReturnLabelOrdered, buyer_id: str, at: datetime, **answer: object) -> Self:
        """The answer to this very order: a later order of the same label is another one."""
        about = {"return_id": ordered.return_id, "label_id": ordered.label_id, "ordered_at": ordered.ordered_at}
        command_id = derived_uuid(cls.__name__, *about.values())
        return cls.model_validate(
            {"command_id": command_id, "actor": SYSTEM, "at": at, "buyer_id": buyer_id, **about, **answer}
        )

    def answers(self, return_: Return) -> bool:
        """Whether the return still waits for it."""
        ordered = return_.ordered
        return ordered is not None and (ordered.label_id, ordered.ordered_at) == (self.label_id, self.ordered_at)


class RecordLabelBought(PurchaseCommand):
    """The carrier has sold the label."""

    tracking_number: TrackingNumber
    carrier: Name
    document: str | None = None


class RecordNoLabel(PurchaseCommand):
    """There is no label of this order."""

    code: NoLabel


def bought(command: RecordLabelBought, return_: Return, *quotas: Quota) -> Decided:
    """The label is there, in the place that the quota has kept for it."""
    if not command.answers(return_):
        return []
    terms = return_.terms
    label = ReturnLabelIssued(
        return_id=terms.return_id,
        order_id=terms.order_id,
        label_id=command.label_id,
        prepaid=True,
        payer=terms.freight_payer,
        tracking_number=command.tracking_number,
        carrier=command.carrier,
        document=command.document,
        rules=("S75", "K26"),
    )
    return ([label], *([] for _ in quotas))


def not_bought(command: RecordNoLabel, return_: Return, *quotas: Quota) -> Decided:
    """The return goes on without a prepaid label, and the quota has its place again (T22b)."""
    if not command.answers(return_):
        return []
    denied = ReturnLabelDenied(**return_.event_fields, code=command.code, resets_at=None, rules=("S75", "T22b", "K26"))
    return ([denied], *(released(return_, quota) for quota in quotas))
