"""Receipts over HTTP: what was decided is said in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.servers.in_memory import InMemory, in_memory
from tests.support.servers.in_memory_disputes import command, open_late

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
async def receipts() -> AsyncIterator[tuple[InMemory, str]]:
    """The address of the receipt of a seller's assent."""
    async with in_memory("dispute") as service:
        path = await open_late(service, "receipts")
        agreed = await command(service, "seller", f"{path}/response", {"decision": "accept"})
        [decision] = agreed.json()["decisions"]
        yield service, decision["receipt"]["href"]


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        ("", "Buyer and seller agreed on {day}: 50.00 USD go back to the buyer at once, by S40."),
        (
            "es-MX, en;q=0.5",
            "El comprador y el vendedor llegaron a un acuerdo el {day}:"
            " se devuelven 50.00 USD al comprador de inmediato, según S40.",
        ),
        (
            "pt",
            "Comprador e vendedor chegaram a um acordo em {day}:"
            " 50.00 USD voltam ao comprador imediatamente, segundo S40.",
        ),
        (
            "ru;q=0.9, de",
            "Покупатель и продавец договорились ({day}): покупателю сразу возвращается 50.00 USD; основание: S40.",
        ),
        ("zh-CN", "买卖双方达成一致（{day}）：立即退还买家 50.00 USD，依据 S40。"),
    ],
)
async def test_s52_a_receipt_says_it_in_the_readers_language(
    receipts: tuple[InMemory, str], accept: str, said: str
) -> None:
    service, path = receipts
    answer = await service.ask("GET", path, role="buyer", headers={"Accept-Language": accept})
    shown = answer.json()
    assert shown["plain"] == said.format(day=shown["at"][:10])
    assert answer.headers["Vary"] == "Accept-Language"
