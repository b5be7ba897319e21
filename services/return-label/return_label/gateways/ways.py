"""Ways: where the goods of a return come from and go to, read where the addresses are kept, for who needs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from return_label.gateways.port import Unanswered, Way
from shared.events.return_label import ReturnRequested
from shared.http.problems import Refusal
from shared.rejections import Erased

Find = Callable[..., Awaitable[str | None]]
"""The text of another service at the parts of a path, read with an Authorization header."""


class Ways:
    """Reads with the service's own token, which sees where an order went; a return to a seller's own address has no
    reader here, and an address that is gone is none.
    """

    def __init__(self, find: Find, authorization: Callable[[], Awaitable[str]]) -> None:
        self._find = find
        self._authorization = authorization

    async def of(self, terms: ReturnRequested) -> Way:
        """The way of a return; an address that nobody knows is empty."""
        try:
            token = await self._authorization()
            sender = await self._find(token, "orders", terms.order_id, "texts", "ship_to")
        except Erased:
            sender = None
        except Refusal as error:
            raise Unanswered("the addresses cannot be read now") from error
        return Way(sender or "", terms.warehouse or "")
