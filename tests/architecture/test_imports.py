"""Forbidden imports (docs/architecture.md): nothing has one, and each is found where it is made on purpose."""

from __future__ import annotations

import configparser
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.architecture.walls import ROOT, linted, walls

BREAKS = [
    ("services-apart", "services/refund/refund/app.py", "import return_label.api.bodies.returns"),
    ("services-apart", "services/dispute/dispute/policies.py", "from refund.domain.payments import state"),
    ("outside-alone", "services/console/console/api.py", "import dispute.domain.orders.state"),
    (
        "outside-alone",
        "services/sandbox/sandbox/provider/payments.py",
        "from refund.domain.payments.state import Payment",
    ),
    ("tools-above", "services/sandbox/sandbox/app.py", "import migrations.event_store"),
    ("shared-below", "shared/http/problems.py", "import console.format"),
    ("shared-layers", "shared/resilience/crash_points.py", "from shared.process import settings"),
    ("shared-layers", "shared/events/money.py", "def late() -> None:\n    from shared import decider"),
    ("anatomy", "services/return-label/return_label/domain/returns/state.py", "import return_label.policies"),
    ("anatomy", "services/refund/refund/views/refunds.py", "from refund import policies"),
    ("anatomy", "services/return-label/return_label/utils.py", ""),
    ("pure-centre", "services/dispute/dispute/domain/disputes/timeouts.py", "import asyncio"),
    ("pure-centre", "services/refund/refund/policies.py", "from shared.eventstore import errors"),
    ("pure-centre", "shared/events/base.py", "import sqlalchemy"),
    ("no-clock-no-chance", "services/dispute/dispute/views/orders/order.py", "import time"),
    ("no-clock-no-chance", "services/return-label/return_label/domain/returns/state.py", "from random import choice"),
    ("ports", "services/refund/refund/api/refunds.py", "from refund.gateways.port import Gateway"),
    (
        "read-models-only-read",
        "services/dispute/dispute/read_models/disputes.py",
        "from dispute.domain.decider import decide",
    ),
    ("read-models-only-read", "services/refund/refund/read_models/refunds.py", "from shared.eventstore import store"),
    ("api-in-api-out", "services/dispute/dispute/api/orders.py", "import shared.relay.relay"),
    (
        "api-writes-no-read-model",
        "services/refund/refund/api/refunds.py",
        "from shared.subscriptions.changes import upsert",
    ),
    ("api-writes-no-read-model", "services/dispute/dispute/api/orders.py", "from dispute.read_models import tables"),
    ("migrations-alone", "migrations/event_store/__init__.py", "from shared.events.money import Money"),
    ("migrations-alone", "migrations/env.py", "from refund.read_models.tables import metadata"),
    ("second-opinion", "services/ops/ops/audit/ledger.py", "from shared.events.money import Money"),
    ("second-opinion", "services/ops/ops/audit/deadlines.py", "from ops.deciders import DECIDERS"),
    (
        "no-cycles",
        "services/dispute/dispute/domain/rejections.py",
        "import dispute.domain.disputes.state",
    ),
    ("no-cycles", "services/dispute/dispute/domain/orders/state.py", "import dispute.domain.disputes.form"),
]
"""Contract, file, and the line that it must not hold."""


def contracts() -> dict[str, str]:
    """Every contract's id and name."""
    config = configparser.ConfigParser()
    config.read_string(walls(ROOT))
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): config[section]["name"]
        for section in config.sections()
        if section.startswith(prefix)
    }


def broken(tree: Path) -> set[str]:
    """The ids of the contracts that do not hold in the tree."""
    done = linted(tree)
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert set(verdicts) == set(contracts().values()), done.stdout + done.stderr
    assert done.returncode == int("BROKEN" in verdicts.values())
    return {key for key, name in contracts().items() if verdicts[name] == "BROKEN"}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, to be broken; what has no contract stays away."""
    tree = tmp_path_factory.mktemp("tree")
    for path in ("shared", "migrations", "deploy/local", "services"):
        shutil.copytree(ROOT / path, tree / path, ignore=shutil.ignore_patterns("__pycache__", "*.toml", "*.sql"))
    shutil.copy(ROOT / ".importlinter", tree)
    return tree


@pytest.fixture
def tree(copied: Path) -> Iterator[Path]:
    """The copy, put right again after the test."""
    before = {path: path.read_text("utf-8") for path in copied.rglob("*.py")}
    yield copied
    for path in copied.rglob("*.py"):
        path.write_text(before[path], "utf-8") if path in before else path.unlink()


def test_every_wall_stands() -> None:
    assert broken(ROOT) == set()


def test_every_wall_is_broken_once() -> None:
    assert {contract for contract, _, _ in BREAKS} == set(contracts())


def breaks() -> Iterator[ParameterSet]:
    """One break of each wall, and the others as a proof."""
    broken_before: set[str] = set()
    for contract, file, line in BREAKS:
        yield pytest.param(contract, file, line, marks=[pytest.mark.proof] if contract in broken_before else [])
        broken_before.add(contract)


@pytest.mark.parametrize(("contract", "file", "line"), [*breaks()])
def test_a_forbidden_import_breaks_exactly_its_wall(tree: Path, contract: str, file: str, line: str) -> None:
    with (tree / file).open("a", encoding="utf-8") as code:
        code.write(f"\n{line}\n")
    assert broken(tree) == {contract}
