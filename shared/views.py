"""View types that several services share: pages of lists, quantities, links to text.

A view returns a TypedDict of these, of events' types and of enumerations; `shared.http.responses` writes it, and the
route names it as its `response_model`, so that views, OpenAPI documents and tests have one source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

# Not typing's: pydantic describes that one from Python 3.12 on only.
from typing_extensions import TypedDict

from shared.events.base import Instant
from shared.events.mediation.proposals import ProposalKind
from shared.events.money import Money
from shared.events.open_enums import Open

Row = TypeVar("Row")


class Page(TypedDict, Generic[Row]):
    """A part of a list; `next_cursor` asks for the part behind it, null where there is none."""

    data: Sequence[Row]
    next_cursor: str | None


class LineQuantity(TypedDict):
    """So many of an order line."""

    line_id: str
    quantity: int


class LineAmountView(TypedDict):
    """Money of an order line."""

    line_id: str
    amount: Money


class ProposalMembers(TypedDict):
    """What one person proposes, and until when another may agree."""

    id: str
    kind: Open[ProposalKind]
    by: str
    at: Instant
    expires_at: Instant


class HistoryEntry(TypedDict):
    """What happened: the event's name is the action, `detail` holds its data."""

    version: int
    at: Instant
    actor: str
    action: str
    rules: Sequence[str]
    rule_links: Mapping[str, str]
    detail: Mapping[str, Any]


class TextLink(TypedDict):
    """Where the parties read what a person wrote: text about people stands in no answer."""

    ref: str
    href: str


class TextView(TypedDict):
    """What a person wrote."""

    ref: str
    text: str


def text_link(resource: str, ref: str | None) -> TextLink | None:
    """The link to a text of the resource at this path; None where there is no text."""
    return {"ref": ref, "href": f"{resource}/texts/{ref}"} if ref else None
