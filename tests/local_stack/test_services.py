"""When a process of the stack counts as started: also where something in it waits for a person."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from local_stack.server import Probed
from local_stack.services import Service, services
from shared.process.addresses import Ports
from tests.support.servers.backing import free_ports


async def is_ready(status: str, body: bytes) -> bool:
    """What the stack makes of this answer to /readyz."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n".encode() + body)
        writer.close()

    (port,) = free_ports(1)
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        return await Service("dispute-worker", "dispute.worker", port).ready()


def checks(**words: str) -> bytes:
    return json.dumps({"checks": {"database": "ok", "halted": "ok", **words}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "ready"),
    [
        ("200 OK", checks(), True),
        ("503 Service Unavailable", checks(halted="relay dispute.events: makewhole log renew"), True),
        ("503 Service Unavailable", checks(halted="relay: makewhole log renew", database="no answer"), False),
        ("503 Service Unavailable", checks(clock="the sandbox has not said what time it is"), False),
        ("503 Service Unavailable", b"busy", False),
        ("503 Service Unavailable", b"[]", False),
        ("404 Not Found", checks(), False),
    ],
)
async def test_a_worker_whose_component_waits_for_a_person_has_started(status: str, body: bytes, ready: bool) -> None:
    assert await is_ready(status, body) is ready


def test_every_process_is_asked_whether_it_lives(tmp_path: Path) -> None:
    every = services(Ports(18000), "127.0.0.1:1", tmp_path)
    assert every
    assert [service.name for service in every if not isinstance(service, Probed)] == []


async def test_a_process_that_nobody_hears_of_does_not_live() -> None:
    (port,) = free_ports(1)
    assert not await Service("dispute-worker", "dispute.worker", port).alive()
