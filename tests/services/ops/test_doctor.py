"""`makewhole doctor` says of the environment what a process would say that starts in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.commands.doctor import judged
from shared.process.production import PRODUCTION, unmet
from shared.process.settings import Settings
from tests.support.production import ENVIRONMENT, production


def doctor(**environment: str) -> tuple[int, Any]:
    """What the command says in an environment that lets it ask nobody."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MAKEWHOLE_")}
    program = Path(sys.executable).with_name("makewhole")
    done = subprocess.run(
        [program, "doctor", "--json"], env=known | environment, capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_it_names_every_line_that_production_lacks() -> None:
    code, found = doctor(**ENVIRONMENT | {"MAKEWHOLE_HOSTS": "", "MAKEWHOLE_KAFKA_SECURITY": "PLAINTEXT"})
    assert code == 1
    assert [each["what"] for each in found if not each["ok"]] == ["MAKEWHOLE_HOSTS", "MAKEWHOLE_KAFKA_SECURITY"]
    assert len(found) == len(PRODUCTION)
    met = [each["detail"].startswith("as demanded: ") for each in found]
    assert met == [each["ok"] for each in found]


def test_a_value_that_cannot_be_read_is_a_line() -> None:
    code, said = doctor(**ENVIRONMENT | {"MAKEWHOLE_PARTITIONS": "7"})
    assert code == 1 and "MAKEWHOLE_PARTITIONS" in said


@pytest.mark.parametrize("settings", [production(), Settings()], ids=["production", "sandbox"])
def test_it_is_green_where_a_process_starts(settings: Settings) -> None:
    assert unmet(settings) == []
    assert all(finding.ok for finding in judged(settings))
