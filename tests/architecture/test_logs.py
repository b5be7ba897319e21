"""What exists is declared once: the registry of logs, and everything that cannot import it."""

from __future__ import annotations

import ast
import configparser
import importlib
import inspect
import re
import tomllib
import typing
from types import ModuleType
from typing import Any

import pytest

from migrations import SERVICES as MIGRATED
from migrations.migrator import dsn
from ops.audit.entry import NAMES
from ops.audit.sources import declared, source_of, topic_of
from shared.events.codec import EVENT_CLASSES
from shared.events.deadlines import DeadlineMoved
from shared.events.logs import LOGS, Log
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalMade
from shared.events.notification import NotificationRequested
from shared.notifications.renderer import LANGUAGES, TEXTS
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


@pytest.mark.parametrize("log", LOGS.values(), ids=lambda log: log.service)
def test_the_logs_that_it_follows_are_those_of_its_policies(log: Log) -> None:
    worker = (ROOT / f"services/{log.service.replace('_', '-')}/{log.service}/worker.py").read_text("utf-8")
    followed = {name.lower() for name in re.findall(r"service\.policy\([^,]+, ([A-Z_]+),", worker)}
    assert followed - {log.service} == set(log.follows)


@pytest.mark.parametrize("service", MIGRATED)
def test_a_migration_finds_the_database_where_the_service_looks_for_it(service: str) -> None:
    server = "postgresql://makewhole@127.0.0.1:15432"
    assert dsn(server, service) == Settings(database_url=server).dsn(service)


def test_no_category_of_streams_and_no_event_belongs_to_two_logs_but_those_that_every_log_holds() -> None:
    """A deadline may be moved in any stream, every service tells of its own events, and what takes two persons is
    proposed and agreed to in whichever stream it is about.
    """
    everywhere = {DeadlineMoved, NotificationRequested}
    where_two_decide = {ProposalMade, ProposalAgreed, ProposalDeclined}
    categories = [category for log in LOGS.values() for category in log.streams if category != "notification"]
    shared = everywhere | where_two_decide
    events = [event for log in LOGS.values() for event in log.event_classes if event not in shared]
    assert all(everywhere <= set(log.event_classes) and "notification" in log.streams for log in LOGS.values())
    assert len(set(categories)) == len(categories)
    assert len(set(events)) == len(events)


@pytest.mark.parametrize("process", [f"{log}.{role}" for log in LOGS for role in ("app", "worker")])
def test_every_process_of_a_log_can_be_loaded(process: str) -> None:
    assert importlib.import_module(process)


@pytest.mark.parametrize("log", LOGS.values(), ids=lambda log: log.service)
def test_s54_of_every_event_a_party_is_told_or_a_line_says_why_nobody_is(log: Log) -> None:
    """An event that is missing here gets a line in NOTICES, or in SILENT, of the service's notifications; of an order's
    events most are the shop's own news, and those that are told stand there too.
    """
    table = importlib.import_module(f"{log.service}.domain.notifications.state")
    own = {"dispute", "conversation", "warranty", "payment", "return"} & log.streams.keys()
    events = {event for category in own for event in typing.get_args(log.streams[category])}
    of_orders = set(typing.get_args(log.streams.get("order"))) - events
    assert events == (set(table.NOTICES) | set(table.SILENT)) - of_orders
    assert not set(table.NOTICES) & set(table.SILENT)
    for event, notice in table.NOTICES.items():
        members = {notice.due, notice.to} if isinstance(notice.to, str) else {notice.due}
        assert members - {""} <= set(event.model_fields), event.__name__
        assert bool(notice.due) == bool(notice.deadline), event.__name__


def test_s54_every_kind_and_every_deadline_that_is_told_has_words_in_every_language() -> None:
    tables = [importlib.import_module(f"{service}.domain.notifications.state") for service in LOGS]
    told = [notice for table in tables for notice in table.NOTICES.values()]
    for language in LANGUAGES:
        texts = TEXTS[language]
        assert set(texts["kinds"]) == {"deadline_near"} | {kind for notice in told for kind in notice.kinds}, language
        assert set(texts["deadlines"]) == {notice.deadline for notice in told} - {""}, language


def test_the_audit_which_knows_no_code_of_ours_has_a_second_reading_of_every_event() -> None:
    plain = frozenset[str]().union(*(declared(service).plain for service in LOGS))
    assert {name.split(".")[1] for name in EVENT_CLASSES} == NAMES | plain, "services/ops/ops/audit/entry.py"
    assert not NAMES & plain


@pytest.mark.parametrize("log", LOGS.values(), ids=lambda log: log.service)
def test_a_service_declares_to_the_audit_its_streams_and_whom_it_follows(log: Log) -> None:
    said = declared(log.service)
    assert list(log.streams) == [*said.streams]
    assert (log.topic, log.source) == (topic_of(log.service), source_of(log.service))
    assert said.follows == subscriptions(log)


def subscriptions(log: Log) -> dict[str, str]:
    """The subscriptions that the service's worker starts, each with the service whose topic it follows."""
    worker = importlib.import_module(f"{log.service}.worker")
    found: dict[str, str] = {}
    for call in ast.walk(ast.parse(inspect.getsource(worker))):
        match call:
            case ast.Call(func=ast.Attribute(attr="projections"), args=models):
                found |= {_value(model, worker).NAME: log.service for model in models}
            case ast.Call(func=ast.Attribute(attr="policy"), args=[name, followed, *_]):
                found[_value(name, worker)] = _value(followed, worker).service
    return found


def _value(expression: ast.expr, module: ModuleType) -> Any:
    return eval(ast.unparse(expression), vars(module))
