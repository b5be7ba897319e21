"""Programmes as data: a rule set's parameters, resolved to the terms of one order (S102)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.events.order import Terms
from shared.rejections import ValidationFailed

DEFAULT_PROGRAMME = "aliexpress_basic"
"""S90: everyone has it who has no other; every programme inherits what it does not set from it."""


class Programmes:
    """The rule sets by name, each with the parameters of the default one beneath its own."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        flat = {str(document["programme"]): _flat(document) for document in documents}
        basic = flat[DEFAULT_PROGRAMME]
        self.terms: Mapping[str, Terms] = {name: Terms.model_validate(basic | own) for name, own in flat.items()}

    def resolve(self, name: str | None) -> Terms:
        """The terms of the named programme, the default one's without a name; ValidationFailed for an unknown name."""
        if terms := self.terms.get(name or DEFAULT_PROGRAMME):
            return terms
        raise ValidationFailed.at("/programme", "unknown_programme", "no such programme")


_FIELDS: Mapping[str, Mapping[str, str]] = {
    "protection": {
        "anchor": "anchor",
        "days": "protection_days",
        "undelivered_fallback_days": "undelivered_fallback_days",
        "release_delay_hours": "release_delay_hours",
    },
    "opening": {
        "after_shipment_days": "opens_after_shipment_days",
        "again_per_day": "opens_again_per_day",
        "unshipped_days": "opens_unshipped_days",
        "payment_methods": "payment_methods",
        "payment_methods_only": "payment_methods_only",
        "tracking_lag_days": "tracking_lag_days",
    },
    "negotiation": {
        "seller_response_days": "seller_response_days",
        "buyer_response_days": "buyer_response_days",
        "buyer_timeout_action": "buyer_timeout_action",
        "days": "negotiation_days",
        "max_rounds": "max_rounds",
    },
    "escalation": {"evidence_days": "evidence_days"},
    "returns": {
        "ship_days": "return_ship_days",
        "transit_alarm_days": "return_transit_alarm_days",
        "inspect_bd": "return_inspect_bd",
        "warehouse": "return_warehouse",
    },
    "refunds": {"bank_window_bd": "refund_bank_window_bd", "after_return_bd": "refund_after_return_bd"},
}
"""Table → key → field of `Terms`."""


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document's parameters by field; ValueError for one that does not exist: misspelt, it would silently be the
    default's.
    """
    flat = {name: document[name] for name in ("programme", "version", "timezone", "holidays") if name in document}
    for table in document.keys() - flat.keys():
        try:
            flat |= {_FIELDS[table][key]: value for key, value in document[table].items()}
        except (KeyError, AttributeError) as error:
            raise ValueError(f"programme {document['programme']}: no such parameter in {table}: {error}") from error
    return flat
