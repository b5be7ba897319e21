"""Expected read models by service: every row written down a second time, as the domain's fold of its subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.audit import expected_disputes, expected_refunds
from ops.audit.read_models import Model

MODELS: Mapping[str, tuple[Model[Any], ...]] = {
    "dispute": expected_disputes.MODELS,
    "refund": expected_refunds.MODELS,
}
