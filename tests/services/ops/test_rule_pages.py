"""Pages of the rule book: citations are found in code, names, docstrings and parameters, and faults are named."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from ops.generators.citations import anywhere, cited_by_tests, in_code, in_tests
from ops.generators.rules import Citations, faults, linked, pages
from shared.rules.book import RULES


def citing(source: str) -> dict[str, list[str]]:
    return dict(cited_by_tests(dedent(source)))


@pytest.mark.parametrize(
    ("cited", "source"),
    [
        (["S39", "D1"], "def test_s39_d1_the_seller_has_five_days(): ..."),
        (["T22a"], "async def test_t22a_a_return_is_impossible(): ..."),
        (["P"], "def test_p_the_protection_ends(): ..."),
        (["R"], "def test_the_line_is_released_at_r(): ..."),
        (["I1"], 'def test_the_cap_holds():\n    """I1: never more than was paid."""'),
        (["S16"], '@pytest.mark.parametrize("item", [("a", "S16")])\ndef test_an_item_is_excluded(item): ...'),
        (["K9"], 'TABLE = [("late", "K9")]\n@pytest.mark.parametrize("row", TABLE)\ndef test_a_row_holds(row): ...'),
        ([], 'def test_nothing_is_cited():\n    assert rules == ("S41",)'),
    ],
)
def test_a_test_cites_by_name_docstring_or_parameters(cited: list[str], source: str) -> None:
    assert list(citing(source).values()) == [cited]


def test_a_state_machine_cites_by_its_docstring() -> None:
    assert citing('class Books(RuleBasedStateMachine):\n    """I1: never more."""') == {"Books": ["I1"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree: one service that cites S39, a lint code and another's work, and one test."""
    for name, text in {
        "shared/rules/statements.toml": "[S41]\n",
        "services/ops/ops/story.py": "# S1\n",
        "services/dispute/dispute/timers.py": '"""D1 (S39): T30–T32."""  # noqa: S608\nRULES = ("P",)\n',
        "tests/test_timers.py": "def test_s39_the_seller_has_five_days(): ...\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_code_that_cites_is_found_and_tools_enforce_nothing(tree: Path) -> None:
    file = "services/dispute/dispute/timers.py"
    assert in_code(tree) == {rule: [file] for rule in ("D1", "S39", "T30", "T32", "P")}
    assert in_tests(tree) == {"S39": ["tests/test_timers.py::test_s39_the_seller_has_five_days"]}
    assert anywhere(tree)["S1"] == ["services/ops/ops/story.py"]


def proved() -> dict[str, list[str]]:
    return {one.id: ["somewhere"] for one in RULES.values() if one.built}


def test_a_tree_in_which_everything_is_cited_has_no_fault() -> None:
    assert list(faults(Citations(proved(), proved(), proved()))) == []


def test_an_id_that_no_rule_has_is_named_with_a_file_that_cites_it() -> None:
    cited = Citations(proved(), proved(), {"S111": ["services/a.py"]})
    assert list(faults(cited)) == ["S111 is cited by services/a.py and stands in no file of shared/rules"]


@pytest.mark.parametrize("by", ["code", "test"])
def test_a_built_rule_without_code_or_test_is_named(by: str) -> None:
    less = {rule: places for rule, places in proved().items() if rule != "S39"}
    cited = Citations(less, proved(), {}) if by == "code" else Citations(proved(), less, {})
    assert list(faults(cited)) == [f"S39 is marked as built in shared/rules/statements.toml, and no {by} cites it"]


def test_ids_stand_at_the_front_of_a_tests_name() -> None:
    cited = Citations(proved(), proved() | {"S39": ["a.py::test_the_seller_has_five_days_s39"]}, {})
    assert list(faults(cited)) == ["a.py::test_the_seller_has_five_days_s39: rule ids stand at the front of the name"]


def test_a_page_links_ids_to_their_rules_and_leaves_names_alone() -> None:
    assert linked("S39, D1 and `S41`", "statements") == "[S39](#s39), [D1](deadlines.md#d1) and `S41`"


def test_every_rule_has_its_section_with_code_and_tests() -> None:
    written = "\n".join(text for _, text in pages(Citations({"S39": ["a.py"]}, {"S39": ["t.py::test_it"]}, {})))
    assert all(f"\n## {rule}\n" in written for rule in RULES)
    assert "- Stands in:\n  - `a.py`\n- Proved by:\n  - `t.py::test_it`\n" in written
