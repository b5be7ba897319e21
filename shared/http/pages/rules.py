"""Rule pages: `/rules` lists the rule book, `/rules/{id}` shows one rule."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from shared.http.pages.layout import page
from shared.http.problems import Refusal
from shared.rules.links import rule_links

if TYPE_CHECKING:
    from shared.rules.book import Kind, Rule


async def rules_page(_: Request) -> Response:
    """Every rule by kind, with its first sentence."""
    # The book is read when somebody looks: no service needs it to start.
    from shared.rules.book import BOOK

    intro = "<p>Refusals, decisions and history entries name the rules that they rest on.</p>"
    return page("Rules", "<h1>Rules</h1>" + intro + "".join(_kind(kind) for kind in BOOK))


async def rule_page(request: Request) -> Response:
    """One rule with all that is known of it."""
    from shared.rules.book import RULES

    if not (one := RULES.get(request.path_params["rule_id"])):
        raise Refusal("not_found")
    return page(one.id, _rule(one))


def links_to(rules: Iterable[str]) -> str:
    """The ids as links, with commas between."""
    return ", ".join(f'<a href="{href}">{rule}</a>' for rule, href in rule_links(rules).items())


def _kind(kind: Kind) -> str:
    items = "".join(f"<li>{links_to([one.id])} {_text(_first_sentence(one.statement))}</li>" for one in kind.rules)
    return f"<h2>{html.escape(kind.title)}</h2>{_paragraphs(kind.about)}<ul>{items}</ul>"


def _rule(one: Rule) -> str:
    facts = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in _facts(one))
    return f'<h1>{one.id}</h1>{_paragraphs(one.statement)}<dl>{facts}</dl><p><a href="/rules">all rules</a></p>'


def _facts(one: Rule) -> Iterator[tuple[str, str]]:
    from shared.rules.book import RULES, SOURCES

    if one.default is not None:
        yield "Default", f"<code>{html.escape(str(one.default))}</code>"
    if one.parameters:
        defaults = (
            f"{links_to([name])} <small>{html.escape(str(RULES[name].default))}</small>" for name in one.parameters
        )
        yield "Parameters", "<br>".join(defaults)
    yield (
        "Source",
        "<br>".join(f"{name}: {SOURCES[name]}" if name in SOURCES else links_to([name]) for name in one.source),
    )
    yield "Built", f"since {one.built}" if one.built else "not yet"
    if one.missing:
        yield "Still missing", _text(one.missing)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_text(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _text(text: str) -> str:
    """The text as HTML: what stands in backticks as code, and every id as a link to its rule."""
    from shared.rules.book import RULES

    linked = _CITED.sub(lambda found: links_to([found[0]]) if found[0] in RULES else found[0], html.escape(text))
    return _CODE.sub(r"<code>\1</code>", linked)


_CITED = re.compile(r"(?<![\w.`])[SKTGDI]\d{1,3}[a-z]?\b")
_CODE = re.compile(r"`([^`]+)`")


def _first_sentence(text: str) -> str:
    first, point, _ = text.partition(". ")
    return f"{first}." if point else first
