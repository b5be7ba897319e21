"""Bodies of the commands about returns without a dispute."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispute.domain.disputes.form import RequestedLine
from dispute.domain.entitlements.granting import Condition, Granted
from shared.events.dispute import Reason
from shared.http.request.body import RequestBody, example


class ReturnBody(RequestBody):
    """What is to go back, and on what ground; but by law it needs the buyer's word on its condition (S67, S28), and
    what the seller offered a reason (S108).
    """

    model_config = example(
        kind="free",
        lines=[{"line_id": "1", "quantity": 1}],
        reason="change_of_mind",
        condition={"unused": True, "undamaged": True, "original_packaging": True, "seals_intact": True},
    )

    kind: Granted
    lines: Annotated[tuple[RequestedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason = Reason.NOT_STATED
    condition: Condition | None = None
