"""Forbidden calls, which no import tells (docs/architecture.md): each is looked for in the code, and found where code
breaks it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from shared.events.logs import LOGS, Log

ROOT = Path(__file__).parents[2]
APPLICATION = {"shared", "dispute", "refund", "return_label", "sandbox", "console", "ops", "local_stack"}
OPENS = {"open_pool", "open_store", "create_pool", "create_async_engine", "create_engine"}
LISTENS = {
    "create_server",
    "create_unix_server",
    "start_server",
    "AppRunner",
    "TCPSite",
    "SockSite",
    "run_app",
    "Config",
}
WAITS = {"timeout", "wait", "wait_for", "eventually"}
LEAST = 60
"""Seconds that what must come is waited for at least: a busy machine needs them."""
BROAD = {"Exception", "BaseException"}

Offences = Callable[[ast.AST], Iterator[str]]


def reads_the_environment(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"}:
            yield _at(node, f"os.{node.attr}")


def opens_a_database(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in OPENS:
            yield _at(node, _called(node))


def listens(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in LISTENS:
            yield _at(node, _called(node))


def counts_with_floats(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield _at(node, str(node.value))
        if (isinstance(node, ast.Name) and node.id == "float") or (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        ):
            yield _at(node, "float")


def swallows_every_exception(tree: ast.AST) -> Iterator[str]:
    """A handler of everything that does nothing with it; CancelledError and the like are named where they are meant."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ExceptHandler)
            and _is_broad(node.type)
            and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)
        ):
            yield _at(node, "except: pass")
        if isinstance(node, ast.Call) and _called(node) == "suppress" and any(map(_is_broad, node.args)):
            yield _at(node, "suppress(Exception)")


def imports_application_code(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for module in _imported(node):
            if module.partition(".")[0] in APPLICATION:
                yield _at(node, module)


def projects(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "project":
            yield _at(node, "project")


def reads_other_logs(service: str) -> Offences:
    """Imports of the codec, which knows every event, and of languages that the service's own log does not hold."""
    own = _languages(LOGS[service])
    others = {name for log in LOGS.values() for name in _languages(log)} - own | {"shared.events.codec"}

    def imports(tree: ast.AST) -> Iterator[str]:
        for node in ast.walk(tree):
            for module in _imported(node):
                if module in others:
                    yield _at(node, module)

    return imports


def hurries(tree: ast.AST, ends: bool = False) -> Iterator[str]:
    """A limit of a few seconds, but where it is the end of the waiting that is expected."""
    for node in ast.iter_child_nodes(tree):
        inside = ends or (
            isinstance(node, ast.With) and any("TimeoutError" in ast.unparse(item.context_expr) for item in node.items)
        )
        if isinstance(node, ast.Call) and _called(node) in WAITS and not inside:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(each, ast.Constant) and _is_short(each.value) for each in given):
                yield _at(node, _called(node))
        yield from hurries(node, inside)


def _is_short(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < LEAST


def _languages(log: Log) -> set[str]:
    return {event.__module__ for event in log.event_classes}


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _imported(node: ast.AST) -> list[str]:
    """The modules that a statement names: `from a import b` may mean `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _is_broad(kind: ast.expr | None) -> bool:
    return kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD)


def _at(node: ast.AST, what: str) -> str:
    return f"line {getattr(node, 'lineno', 0)}: {what}"


def files(*patterns: str, but: Iterable[str] = ()) -> list[Path]:
    """The files that the patterns name, from the root on, without those that may."""
    allowed = {path for pattern in but for path in ROOT.glob(pattern)}
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)} - allowed)


OUTSIDE = ("services/sandbox/sandbox/database.py", "services/sandbox/sandbox/simulators.py")
"""The simulated world outside has its own store, which it opens where its parts are put together."""
ENDING = ("shared/eventstore/lease.py",)
"""Waits for a watcher that it has just cancelled: whatever that one still says, nobody asks any more."""
SETTINGS = ("shared/process/environment.py", "shared/process/database_addresses.py")
ROOTS = ("services/*/*/app.py", "services/*/*/worker.py")
FORBIDDEN: list[tuple[str, Offences, list[Path], str]] = [
    (
        "only the settings and the composition roots read the environment",
        reads_the_environment,
        files("shared/**/*.py", "services/*/*/**/*.py", but=(*SETTINGS, "services/ops/**/*.py", *ROOTS)),
        "import os\nos.environ['DEMO']",
    ),
    (
        "only a composition root opens a database",
        opens_a_database,
        files("services/*/*/**/*.py", but=("services/ops/**/*.py", *OUTSIDE, *ROOTS)),
        "pool = await asyncpg.create_pool(dsn)",
    ),
    (
        "every port is served by the server that has limits",
        listens,
        files("shared/**/*.py", "services/**/*.py", but=("shared/http/server.py",)),
        "server = await asyncio.start_server(answer, host, port)",
    ),
    (
        "money and decisions know no float",
        counts_with_floats,
        files("shared/events/*.py", "shared/decider.py", "services/*/*/domain/**/*.py", "services/*/*/policies.py"),
        "half = amount.minor / 2",
    ),
    (
        "no exception is swallowed",
        swallows_every_exception,
        files("shared/**/*.py", "services/**/*.py", "migrations/**/*.py", "deploy/**/*.py", but=ENDING),
        "try:\n    pay()\nexcept Exception:\n    pass",
    ),
    (
        "a migration imports no application code",
        imports_application_code,
        files("migrations/**/*.py"),
        "from dispute.domain.orders import state",
    ),
    (
        "the API never writes a read model",
        projects,
        files("services/*/*/api.py", "services/*/*/api/*.py"),
        "await disputes.project(connection, recorded)",
    ),
    (
        "no test is in a hurry",
        hurries,
        files("tests/**/*.py"),
        "async with asyncio.timeout(5):\n    await answer",
    ),
    *(
        (
            f"the read models of {service} know the events of its own log only",
            reads_other_logs(service),
            files(f"services/{service.replace('_', '-')}/{service}/read_models/*.py"),
            "from shared.events import codec",
        )
        for service in LOGS
        if (ROOT / f"services/{service.replace('_', '-')}/{service}/read_models").is_dir()
    ),
]


@pytest.mark.parametrize(("rule", "offences", "looked_at", "_"), FORBIDDEN, ids=[rule for rule, *_ in FORBIDDEN])
def test_what_is_forbidden_is_done_nowhere(rule: str, offences: Offences, looked_at: list[Path], _: str) -> None:
    assert looked_at, "a pattern that finds no file proves nothing"
    found = {str(path.relative_to(ROOT)): list(offences(ast.parse(path.read_text("utf-8")))) for path in looked_at}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("rule", "offences", "_", "breach"), FORBIDDEN, ids=[rule for rule, *_ in FORBIDDEN])
def test_a_breach_is_found(rule: str, offences: Offences, _: list[Path], breach: str) -> None:
    assert list(offences(ast.parse(breach)))
