"""Parameters of a programme: which table and key of its document is which field of the terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.calendars import holidays_of

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
    "escalation": {"after_days": "escalation_after_days", "evidence_days": "evidence_days"},
    "review": {"days": "review_days"},
    "appeal": {"days": "appeal_days", "review_days": "appeal_review_days"},
    "survey": {"days": "survey_days"},
    "decision": {"two_person_amount": "two_person_amounts", "proposal_days": "proposal_days"},
    "evidence": {
        "policy": "evidence_policy",
        "image_types": "evidence_image_types",
        "max_bytes": "evidence_max_bytes",
        "video_max_bytes": "evidence_video_max_bytes",
        "video_max_seconds": "evidence_video_max_seconds",
        "max_items": "evidence_max_items",
        "unattached_hours": "evidence_unattached_hours",
    },
    "returns": {
        "ship_days": "return_ship_days",
        "transit_alarm_days": "return_transit_alarm_days",
        "inspect_bd": "return_inspect_bd",
        "warehouse": "return_warehouse",
        "points": "return_points",
        "free_days": "return_free_days",
        "extra_days": "return_extra_days",
        "domestic_days": "return_domestic_days",
        "large_side_cm": "return_large_side_cm",
        "large_sum_cm": "return_large_sum_cm",
        "large_kg": "return_large_kg",
        "free_countries": "free_countries",
        "overseas_territories": "overseas_territories",
        "suspended_areas": "suspended_areas",
    },
    "replacement": {"days": "replacement_days"},
    "reminders": {"hours": "reminder_hours"},
    "warranty": {
        "years": "warranty_years",
        "one_year": "warranty_one_year",
        "review_days": "warranty_review_days",
    },
    "refunds": {
        "bank_window_bd": "refund_bank_window_bd",
        "window_by_method": "refund_window_by_method",
        "after_return_bd": "refund_after_return_bd",
    },
}
"""Table → key → field of `Terms`, or of `Places`."""
_SINGLE = ("timezone", "holidays")
"""Parameters outside any table."""


def flat(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by field; ValueError for one that does not exist, or a calendar: misspelt, it would silently be
    the default's, or none.
    """
    fields = {key: parameters[key] for key in _SINGLE if key in parameters}
    holidays_of(fields.get("holidays"))
    for table in parameters.keys() - fields.keys():
        try:
            fields |= {_FIELDS[table][key]: value for key, value in parameters[table].items()}
        except (KeyError, AttributeError) as error:
            raise ValueError(f"programme {name}: no such parameter in {table}: {error}") from error
    return fields
