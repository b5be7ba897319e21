"""Nothing cites what is not in the tree: pages, their sections, files and rules that a text names exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from ops.generators.citations import anywhere, in_code, in_tests
from ops.generators.rules import Citations, faults
from shared.rules.book import RULES, cited_in
from tests.support.texts import ROOT, joined, texts

ITSELF = "tests/architecture/"
INVENTED = (ITSELF, "tests/services/ops/test_rule_pages.py", "tests/house/test_house.py")
"""Tests that need something that is not there."""

Broken = Callable[[str, str], Iterator[str]]


def pages(file: str, text: str) -> Iterator[str]:
    """Pages and sections of `docs/`, named from the root or linked from another page."""
    for page, section in re.findall(r"\b(docs/[\w/.-]+\.md)(#[\w-]+)?", text):
        yield from _missing(page, section, page + section)
    if file.endswith(".md"):
        for target, section in re.findall(r"\]\(([\w/.-]*)(#[\w-]+)?\)", text):
            page = (ROOT / file).parent.joinpath(target).resolve() if target else ROOT / file
            yield from _missing(str(page.relative_to(ROOT)), section, target + section)


def _missing(page: str, section: str, named: str) -> Iterator[str]:
    path = ROOT / page
    if not path.exists() or (section and section[1:] not in _sections(path.read_text("utf-8"))):
        yield named


def _sections(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


WRITTEN = {"bench/report.json"}
"""Files that a run leaves behind."""


def files(file: str, text: str) -> Iterator[str]:
    """Files and folders of the tree, `{a,b}` standing for both; a pattern with `<name>`, `{name}` or `*` is none."""
    for path in re.findall(r"(?<![\w/.-])(?:shared|services|tests|migrations|deploy|bench|docs)/[\w/.{},*<>-]*", text):
        for name in [] if _PATTERN.search(path) else _spelled_out(path.rstrip(".,")):
            if not (ROOT / name).exists() and name not in WRITTEN:
                yield name


_PATTERN = re.compile(r"[<>*]|\{[^,}]*\}")


def _spelled_out(path: str) -> Iterator[str]:
    parts = re.split(r"\{([^}]*)\}", path)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ("".join(chosen) for chosen in product(*choices))


def chapters(file: str, text: str) -> Iterator[str]:
    """A page that is named by title and number alone: nobody can open it."""
    yield from re.findall(
        r"(?i)\b(?:rules|architecture|interfaces|scale|performance|house)(?:\.md)?,? (?:section )?\d[\d.]*\b", text
    )
    yield from re.findall(r"\((?:architecture|interfaces): [^)]*\)|\brules, section|\bsection \d+ of\b", text)


def rules(file: str, text: str) -> Iterator[str]:
    """Rules that a page names."""
    if file.endswith(".md"):
        yield from (rule for rule in cited_in(text) if rule not in RULES)


CHECKS: list[tuple[Broken, str, str]] = [
    (pages, "docs/a.md", "see docs/nowhere.md"),
    (pages, "docs/a.md", "see docs/architecture.md#no-such-section"),
    (pages, "docs/adr/a.md", "[costs](../nowhere.md)"),
    (files, "shared/a.py", "stands in services/refund/refund/{effects,nowhere}.py"),
    (chapters, "shared/a.py", "whatever happens (rules 3.7.1)"),
    (chapters, "shared/a.py", "never random (architecture: ids)"),
    (chapters, "shared/a.py", "as interfaces.md 4 says"),
    (rules, "docs/a.md", "because of S111"),
]
"""Check, and a file with a text in which it finds one fault."""


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _, _ in CHECKS), ids=lambda check: check.__name__)
def test_what_a_text_names_is_in_the_tree(check: Broken) -> None:
    found = {name: list(check(name, joined(text))) for name, text in texts() if not name.startswith(INVENTED)}
    assert {name: broken for name, broken in found.items() if broken} == {}


@pytest.mark.parametrize(("check", "file", "text"), CHECKS)
def test_what_is_not_there_is_found(check: Broken, file: str, text: str) -> None:
    assert len(list(check(file, text))) == 1


def test_every_cited_rule_is_in_the_book_and_every_built_one_has_code_and_test() -> None:
    assert list(faults(Citations(in_code(ROOT), in_tests(ROOT), anywhere(ROOT)))) == []


def test_every_decision_stands_in_the_list_of_decisions_under_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"^- \[(.+)\]\((\d.+\.md)\)$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    titles = [(page.read_text("utf-8").splitlines()[0].removeprefix("# "), page.name) for page in folder.glob("0*.md")]
    assert listed == sorted(titles, key=lambda each: each[1])
