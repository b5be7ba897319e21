"""Issuing of a label: with the return itself, or when it is asked for again (S75, T22, T22b)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from return_label.domain.commands import LabelCommand
from return_label.domain.label_quotas.state import Quota
from return_label.domain.label_quotas.taking import Asked, taken
from return_label.domain.rejections import FreightIsTheBuyers, LabelAlreadyIssued, LabelQuotaExceeded, ReturnsLimited
from return_label.domain.returns.state import Return, ReturnState
from return_label.domain.tracking.sandbox import SANDBOX, sandbox_number
from shared.events.base import Actor, Event
from shared.events.dispute import Payer, ReturnKind
from shared.events.ids import derived_id
from shared.events.open_enums import known
from shared.events.return_label import ReturnLabelDenied, ReturnLabelIssued, ReturnLabelOrdered, ReturnRequested
from shared.rejections import NotFound, WrongPhase

ASKERS = ("buyer", "support")
"""Who asks for a label, and gives one back."""
UNSENT = (ReturnState.AUTHORIZED, ReturnState.SELF_PAID)
MOST = 2
"""K24: the label, and one more after it was given back."""

Labelled = tuple[Sequence[Event], Sequence[Event]]
"""What happens to the return, and what to the buyer's quota."""


def first_label(terms: ReturnRequested, quota: Quota, at: datetime, carrier: str | None) -> Labelled:
    """The label that comes with the authorisation; a return without one stays possible, at K26's cost (T22b)."""
    try:
        return _label(terms, quota, at, carrier, derived_id("lbl", terms.order_id, terms.return_id))
    except (LabelQuotaExceeded, ReturnsLimited) as refusal:
        denied = ReturnLabelDenied(
            return_id=terms.return_id,
            dispute_id=terms.dispute_id,
            order_id=terms.order_id,
            code=refusal.code,
            resets_at=refusal.members["resets_at"],
            rules=(*refusal.cited, "T22b", "K26"),
        )
        return [denied], []


def self_paid(terms: ReturnRequested) -> ReturnLabelIssued:
    """The label of a return whose freight the buyer pays (S83): the buyer's own."""
    return ReturnLabelIssued(
        return_id=terms.return_id,
        order_id=terms.order_id,
        label_id=derived_id("lbl", terms.order_id, terms.return_id),
        prepaid=False,
        payer=terms.freight_payer,
        rules=("S75", "K26"),
    )


class RequestLabel(LabelCommand):
    """A prepaid label, after one was denied or given back; bought of the `carrier`, where one is set."""

    carrier: str | None = None


def guard_request(return_: Return, actor: Actor) -> None:
    """G8 of a label that is asked for; whether the quota has one left shows when it is taken."""
    return_.parties.guard(actor, "return", *ASKERS)
    if known(return_.terms.freight_payer) is Payer.BUYER:
        raise FreightIsTheBuyers("The buyer pays the freight of this return, so no label is prepaid.")
    if return_.has_prepaid_label:
        raise LabelAlreadyIssued("This return has its label.")
    if return_.ordered:
        raise LabelAlreadyIssued("The label of this return is being bought.")
    WrongPhase.unless_in("return", return_.state, *UNSENT)
    if return_.given_back >= MOST:
        raise LabelAlreadyIssued("A label is issued anew once.", rules=("S75", "K24"))


def request_label(command: RequestLabel, return_: Return, *quotas: Quota) -> Labelled:
    """One label a return, whoever asks how often (S75): what is there already is refused, and no quota is taken."""
    guard_request(return_, command.actor)
    if not quotas:
        raise NotFound("There is no such return.")
    terms = return_.terms
    again = [str(return_.given_back)] if return_.given_back else []
    return _label(
        terms, quotas[0], command.at, command.carrier, derived_id("lbl", terms.order_id, terms.return_id, *again)
    )


def _label(terms: ReturnRequested, quota: Quota, at: datetime, carrier: str | None, own_id: str) -> Labelled:
    """Who pays its freight the dispute service has said in `ReturnDue` (K26). Where no carrier is set, a prepaid one is
    a sample; returns that share one have one number.
    """
    by_law = known(terms.kind) is ReturnKind.STATUTORY
    asked = Asked(terms.buyer_id, terms.order_id, terms.return_id, own_id, at, terms.timezone, by_law)
    place = taken(quota, asked)
    if carrier:
        return [_ordered(terms, place.label_id, carrier, at)], [place]
    label = ReturnLabelIssued(
        return_id=terms.return_id,
        order_id=terms.order_id,
        label_id=place.label_id,
        prepaid=True,
        payer=terms.freight_payer,
        tracking_number=sandbox_number(place.label_id),
        carrier=SANDBOX,
        rules=("S75", "K26"),
    )
    return [label], [place]


def _ordered(terms: ReturnRequested, label_id: str, carrier: str, at: datetime) -> ReturnLabelOrdered:
    return ReturnLabelOrdered(
        return_id=terms.return_id,
        dispute_id=terms.dispute_id,
        order_id=terms.order_id,
        label_id=label_id,
        payer=terms.freight_payer,
        carrier=carrier,
        ordered_at=at,
        rules=("S75", "K26"),
    )
