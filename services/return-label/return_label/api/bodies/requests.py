"""Body of a request for a return; whether it fits its order the dispute service says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.events.base import Message
from shared.events.dispute import Reason, ReturnKind
from shared.events.fields import Quantity
from shared.events.outside.ids import Id
from shared.http.request.body import RequestBody, example


class RequestedPieces(Message):
    """So many of an order line."""

    line_id: Id
    quantity: Quantity = 1


class StatedCondition(Message):
    """What the buyer says of the item (S67, S28)."""

    unused: bool
    undamaged: bool
    original_packaging: bool
    seals_intact: bool


class ReturnRequestBody(RequestBody):
    """What is to go back, and on what ground; but by law it needs the buyer's word on its condition, and what the
    seller offered a reason.
    """

    model_config = example(
        order_id="1001",
        kind="free",
        lines=[{"line_id": "1", "quantity": 1}],
        reason="change_of_mind",
        condition={"unused": True, "undamaged": True, "original_packaging": True, "seals_intact": True},
    )

    order_id: Id
    kind: Literal[ReturnKind.FREE, ReturnKind.EXTRA, ReturnKind.DOMESTIC, ReturnKind.STATUTORY]
    lines: Annotated[tuple[RequestedPieces, ...], Field(min_length=1, max_length=100)]
    reason: Reason = Reason.NOT_STATED
    condition: StatedCondition | None = None
