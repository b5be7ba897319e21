"""The anatomy of a service: the same names in the same form everywhere; what is absent is an absent capability."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.events.logs import LOGS

ROOT = Path(__file__).parents[2]

PACKAGE = {"__init__.py", "app.py", "worker.py", "policies.py", "log.toml", "api/", "domain/", "views/"}
CAPABILITIES = {"effects.py", "gateways/", "webhooks/", "read_models/"}
DOMAIN = {"__init__.py", "decider.py", "commands.py"}
DOMAIN_CAPABILITIES = {"deadlines.py", "rejections.py"}
HOLDS = {"gateways/": "port.py", "webhooks/": "port.py", "read_models/": "tables.py"}
"""The module that a folder of this name begins with."""

PROGRAMMES = {"programmes.py", "versions.py", "parameters.py", "areas.py", "entitlements/"}
OWN = {
    "dispute": ({"programmes/", "evidence_bytes.py"}, PROGRAMMES | {"reports.py", "goodwill.py"}),
    "return_label": (set(), {"tracking/"}),
}
"""What one service has beside that in its package and in its domain: programmes are terms as data, with a reader, and
what an order entitles to by them; a report of a seller is an order's fact that names evidence, and goodwill is an
order's that names pieces as a dispute's form does, above both;
evidence has bytes beside the log; what carriers' numbers look like belongs to no stream.
"""

PLURALS = {"evidence": "evidence", "warranty": "warranties"}
"""Of the categories whose word has none, or does not end with a plain s."""


def names(folder: Path) -> set[str]:
    """What stands in a folder; a folder's name ends with a slash."""
    return {f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir() if path.name != "__pycache__"}


def faults(root: Path, service: str) -> Iterator[str]:
    """Names that a service lacks, and names that are none of the anatomy's."""
    around = root / service.replace("_", "-")
    package = around / service
    in_package, in_domain = OWN.get(service, (set(), set()))
    streams = {f"{PLURALS.get(category, f'{category}s')}/" for category in LOGS[service].streams}
    yield from _differing(around, {"README.md", f"{service}/"}, set())
    yield from _differing(package, PACKAGE | in_package, CAPABILITIES)
    yield from _differing(package / "domain", DOMAIN | streams | in_domain, DOMAIN_CAPABILITIES)
    for stream in streams:
        yield from _lacking(package / "domain" / stream, "state.py")
    for folder in HOLDS.keys() & names(package):
        yield from _lacking(package / folder, HOLDS[folder])


def _differing(folder: Path, required: set[str], allowed: set[str]) -> Iterator[str]:
    found = names(folder)
    yield from (f"{folder.name}/ lacks {name}" for name in sorted(required - found))
    yield from (f"{folder.name}/ has {name}" for name in sorted(found - required - allowed))


def _lacking(folder: Path, name: str) -> Iterator[str]:
    if folder.is_dir() and name not in names(folder):
        yield f"{folder.name}/ lacks {name}"


@pytest.mark.parametrize("service", LOGS)
def test_a_service_has_exactly_these_names_in_exactly_this_form(service: str) -> None:
    assert list(faults(ROOT / "services", service)) == []


def test_every_folder_of_services_says_what_it_is() -> None:
    silent = [folder.name for folder in (ROOT / "services").iterdir() if "README.md" not in names(folder)]
    assert silent == []


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """A copy of the services, to be broken."""
    return Path(shutil.copytree(ROOT / "services", tmp_path / "services", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("refund/README.md", "refund/NOTES.md", ["refund/ lacks README.md", "refund/ has NOTES.md"]),
        ("refund/refund/policies.py", "refund/refund/views/policies.py", ["refund/ lacks policies.py"]),
        ("refund/refund/effects.py", "refund/refund/utils.py", ["refund/ has utils.py"]),
        ("refund/refund/read_models", "refund/refund/tables", ["refund/ has tables/"]),
        ("refund/refund/domain/deadlines.py", "refund/refund/domain/timers.py", ["domain/ has timers.py"]),
        (
            "refund/refund/domain/payments",
            "refund/refund/domain/paying",
            ["domain/ lacks payments/", "domain/ has paying/"],
        ),
        (
            "refund/refund/domain/payments/state.py",
            "refund/refund/domain/payments/payment.py",
            ["payments/ lacks state.py"],
        ),
        ("refund/refund/gateways/port.py", "refund/refund/gateways/provider.py", ["gateways/ lacks port.py"]),
    ],
)
def test_another_name_or_another_form_is_found(services: Path, old: str, new: str, fault: list[str]) -> None:
    (services / old).rename(services / new)
    assert list(faults(services, "refund")) == fault
