"""What exists is declared once: the registry of logs, and everything that cannot import it."""

from __future__ import annotations

import configparser
import importlib
import tomllib

import pytest

from migrations import SERVICES as MIGRATED
from migrations.migrator import dsn
from ops.audit.entry import NAMES
from ops.audit.sources import CATEGORIES, topic_of
from shared.events.codec import EVENT_CLASSES
from shared.events.deadlines import DeadlineMoved
from shared.events.logs import LOGS, Log
from shared.process.addresses import APPS
from shared.process.settings import Settings
from tests.architecture.walls import ROOT, walls

PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]


@pytest.mark.parametrize("log", LOGS.values(), ids=lambda log: log.service)
def test_a_log_has_a_service_a_history_and_walls(log: Log) -> None:
    folder = f"services/{log.service.replace('_', '-')}/{log.service}"
    written = configparser.ConfigParser()
    written.read_string(walls(ROOT))
    assert (ROOT / folder / "worker.py").is_file()
    assert folder in PACKAGES
    assert log.service in APPS
    assert log.service in MIGRATED
    assert (ROOT / "migrations" / log.service / "versions").is_dir()
    assert log.service in written["importlinter:contract:anatomy"]["containers"].split()
    assert log.service in written["importlinter:contract:services-apart"]["modules"].split()


@pytest.mark.parametrize("service", MIGRATED)
def test_a_migration_finds_the_database_where_the_service_looks_for_it(service: str) -> None:
    server = "postgresql://makewhole@127.0.0.1:15432"
    assert dsn(server, service) == Settings(database_url=server).dsn(service)


def test_no_category_of_streams_and_no_event_belongs_to_two_logs_but_the_one_that_any_stream_may_hold() -> None:
    categories = [category for log in LOGS.values() for category in log.streams]
    events = [event for log in LOGS.values() for event in log.event_classes if event is not DeadlineMoved]
    assert all(DeadlineMoved in log.event_classes for log in LOGS.values())
    assert len(set(categories)) == len(categories)
    assert len(set(events)) == len(events)


@pytest.mark.parametrize("process", [f"{log}.{role}" for log in LOGS for role in ("app", "worker")])
def test_every_process_of_a_log_can_be_loaded(process: str) -> None:
    assert importlib.import_module(process)


def test_the_audit_which_knows_no_code_of_ours_has_a_second_reading_of_every_event() -> None:
    assert {name.split(".")[1] for name in EVENT_CLASSES} == NAMES, "services/ops/ops/audit/entry.py"
    assert {category for log in LOGS.values() for category in log.streams} == set().union(*CATEGORIES.values())
    assert {log.service: log.topic for log in LOGS.values()} == {name: topic_of(name) for name in CATEGORIES}
