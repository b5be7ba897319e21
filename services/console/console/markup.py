"""HTML markup: elements built from Python values, every text in them escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

VOID = frozenset({"input", "link", "meta", "br", "hr"})


class Html(str):
    """Markup that is safe to put on a page."""

    __slots__ = ()


Node: TypeAlias = "str | None | Iterable[Node]"
Attribute: TypeAlias = str | bool | None


def el(tag: str, *children: Node, **attributes: Attribute) -> Html:
    """An element; `class_` and `for_` lose their underscore, `data_live` becomes `data-live`, None and False leave an
    attribute out.
    """
    opening = f"<{tag}{''.join(_attribute(name, value) for name, value in attributes.items())}>"
    return Html(opening if tag in VOID else f"{opening}{render(children)}</{tag}>")


def render(node: Node) -> Html:
    """A node as markup: text escaped, nothing for None, the parts of what is several one after the other."""
    if node is None:
        return Html("")
    if isinstance(node, str):
        return node if isinstance(node, Html) else Html(escape(node))
    return Html("".join(map(render, node)))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    shown = name.rstrip("_").replace("_", "-")
    return f" {shown}" if value is True else f' {shown}="{escape(value)}"'
