"""The figures of the house: they are measured as they are said, and one request stays within its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.walls import ROOT
from tests.house.__main__ import measured, walk_on, walked
from tests.house.figures import Tree, folders_of
from tests.house.unreachable import unreachable_lines


@pytest.mark.proof  # make check does the same
def test_no_figure_of_the_sources_is_above_its_limit() -> None:
    assert {figure.name: figure.faults for figure in measured(Tree(ROOT)) if figure.faults} == {}


def test_a_long_file_a_long_line_and_a_list_of_services_are_found(tmp_path: Path) -> None:
    for name in (".importlinter", "pyproject.toml", "Makefile"):
        (tmp_path / name).touch()
    write(tmp_path / "shared/a/long.py", "x = 1\n" * 251)
    write(tmp_path / "shared/a/wide.py", f"x = '{'x' * 120}'\n\n\ndef f():\n    return 1\n")
    write(tmp_path / "shared/events/base.py", "x = 1\n" * 251)
    write(tmp_path / "services/one/one/b.py", 'SERVICES = ("one", "two")\n')
    write(tmp_path / "shared/b.py", 'SERVICES = ("one", "two")\n')
    write(tmp_path / "shared/c.py", 'pay("one", "two")\n')
    for service in ("one", "two"):
        write(tmp_path / f"migrations/{service}/versions/0001_event_store.py", "")
    tree = Tree(tmp_path)
    assert tree.long_files == ["shared/a/long.py"]
    assert tree.long_lines == ["shared/a/wide.py:1"]
    assert tree.listing_services == ["shared/b.py", "migrations/<service>/"]
    assert [(each.place, each.lines) for each in tree.functions] == [("shared/a/wide.py:f", 2)]


def test_what_nothing_reaches_is_found() -> None:
    hidden = "def f():\n    return 1\n\n    def g(self):\n        return 2\n"
    looped = "def f():\n    while True:\n        pass\n    x = 1\n"
    chosen = "def f(a):\n    if a:\n        return 1\n    else:\n        raise a\n    x = 1\n"
    reached = "def f():\n    while True:\n        break\n    return 1\n\n\ndef g():\n    raise f\n    yield\n"
    assert [[*unreachable_lines(text)] for text in (hidden, looped, chosen, reached)] == [[4], [4], [6], []]


@pytest.mark.proof
async def test_one_request_stays_within_its_files_to_sql_and_back_and_until_the_money_is_out(
    postgres_url: str, kafka: str
) -> None:
    files = await walk_on(ROOT, postgres_url, kafka)
    assert [figure.faults for figure in walked(files) if figure.faults] == []
    beside = ("quotas.py", "log_lines.py")  # what is left of a quota goes with the answer, and the log's line behind it
    made = [file for file in files["command"] if not file.endswith(beside)]
    assert made[-1].startswith("shared/http/"), "the answer is the last thing made"
    assert {"services/refund/refund/effects.py", "services/refund/refund/gateways/sandbox.py"} < {*files["money"]}
    assert folders_of(files["command"]) < folders_of(files["money"])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
