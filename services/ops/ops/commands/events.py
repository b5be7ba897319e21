"""`makewhole events`: shows a stream, follows a topic, verifies a log."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from pydantic_core import from_json, to_json

from ops.audit.check import Check
from ops.audit.run import log_audit
from ops.commands.options import Failed, Json, OneService, Service, finish, group, run
from ops.databases import query
from ops.output import show
from ops.stack import Stack, chosen
from shared.events.logs import LOGS
from shared.kafka.records import Record
from shared.kafka.source import KafkaSource

POLL = 1.0
STRANGE = 200
"""Bytes that are shown of a record that is no event."""
_STREAM = """
select position, version, type, metadata::text as metadata, data::text as data, recorded_at from events
where stream = $1 order by version
"""
_SERVICES = {
    category: [log.service for log in LOGS.values() if category in log.streams]
    for log in LOGS.values()
    for category in log.streams
}
"""By category, the services in whose logs its streams are: every one has notifications."""

app = group("The events themselves.")


@app.command("show")
def show_stream(
    stream: Annotated[str, typer.Argument(help=", ".join(f"{category}-<id>" for category in _SERVICES))],
    json: Json = False,
) -> None:
    """One stream from its first event to its last."""
    if not (services := _SERVICES.get(stream.partition("-")[0])):
        raise typer.BadParameter(f"a stream begins with {', '.join(f'{name}-' for name in _SERVICES)}")
    rows = run(_stream(services, stream))
    if json:
        show(rows, json)
        return
    for row in rows:
        print(_row_line(row))


@app.command()
def tail(
    service: OneService,
    past: Annotated[int, typer.Option(min=0, help="Begin with so many that are there already, in each partition.")] = 5,
    follow: Annotated[bool, typer.Option("--follow/--once", help="Wait for more, until Ctrl-C.")] = True,
    json: Json = False,
) -> None:
    """A service's topic as it grows, one event a line."""
    run(_tail(service, past, follow, json))


@app.command()
def verify(service: Service = None, json: Json = False) -> None:
    """Each log: positions without a hole, versions without a gap, every event readable; exit code 1 where one is
    not.
    """
    checks = run(_verify(service))
    if json:
        finish([check.json for check in checks], json, ok=all(check.ok for check in checks))
    for check in checks:
        print(check.line)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


async def _stream(services: Sequence[str], stream: str) -> list[dict[str, Any]]:
    rows = [row for service in services for row in await query(service, _STREAM, stream)]
    if not rows:
        raise Failed(f"there is no stream {stream}")
    read = {name: [from_json(row[name]) for row in rows] for name in ("metadata", "data")}
    return [
        {**row, "metadata": metadata, "data": data}
        for row, metadata, data in zip(rows, read["metadata"], read["data"], strict=True)
    ]


def _row_line(row: Mapping[str, Any]) -> str:
    """An event on one line; an order's terms are the programme's, and left out."""
    data = to_json({name: value for name, value in row["data"].items() if name != "terms"}).decode()
    metadata = row["metadata"]
    return f"{row['version']:>4} {metadata['at']} {_name(row['type']):<24} {metadata['actor']:<24} {data}"


async def _tail(service: str, past: int, follow: bool, json: bool) -> None:
    stack = Stack.load()
    async with KafkaSource.opened(stack.kafka, stack.topic(service)) as source:
        left = 0
        for partition, (first, end) in (await source.bounds()).items():
            begin = max(first, end - past)
            source.seek(partition, begin)
            left += end - begin
        while follow or left > 0:
            for records in (await source.fetch(POLL, 500)).values():
                left -= len(records)
                for record in records:
                    sys.stdout.write(_record_line(record, json))
            sys.stdout.flush()
            await asyncio.sleep(0)


def _record_line(record: Record, json: bool) -> str:
    """A record on one line, whatever stands in it."""
    headers = {name.removeprefix("ce_"): _text(text) for name, text in record.headers}
    if json:
        return _json_line({"partition": record.partition, "offset": record.offset, **headers, **_data(record.value)})
    if not {"id", "type", "position"} <= headers.keys():
        beginning = _text(record.value[:STRANGE])
        return f"{'no event of a log':<34} {record.partition}/{record.offset} {_text(record.key or b'')} {beginning}\n"
    event = f"{_name(headers['type']):<24} {headers['id']} {headers.get('actor')}"
    return f"{headers.get('time')} {headers['position']:>7} {event}\n"


def _text(text: bytes) -> str:
    """Text on one line: what cannot be shown stands as its escape."""
    shown = text.decode(errors="backslashreplace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in shown)


def _data(value: bytes) -> dict[str, Any]:
    try:
        return {"data": from_json(value)}
    except ValueError:
        return {"text": _text(value)}


def _json_line(members: Mapping[str, Any]) -> str:
    return to_json(members).decode() + "\n"


def _name(type_name: str) -> str:
    return type_name.removeprefix("makewhole.").rpartition(".v")[0]


async def _verify(service: str | None) -> list[Check]:
    stack = Stack.load()
    return [await log_audit(name, stack.dsn(name)) for name in chosen(service)]
