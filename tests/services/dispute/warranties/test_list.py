"""Which warranty claims a list shows, on real PostgreSQL: a party's own, and to people what is over its time (D14)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from dispute.api.warranties import claims, lists
from dispute.domain.decider import decider
from dispute.domain.notifications.state import NOTICES
from dispute.read_models import warranties
from shared.events import codec
from shared.events.base import Actor
from shared.http.dry_run.foretelling import Foretelling
from tests.support.builders.entitlements import terms_in
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    OTHER_BUYER,
    SELLER,
    expire_stream,
    facts,
    on,
    order_line,
    register,
)
from tests.support.builders.warranties import assess, claim, fulfil, warranty_id, warranty_stream
from tests.support.servers.backing import Databases
from tests.support.servers.service import ServedService, serving

LATE, REFUSED, DONE = (warranty_id(n) for n in (1, 2, 3))
SUPPORT = Actor(id="sue", roles=frozenset({"support"}))
SELLER_OF_SUPPORT = Actor(id=SELLER.id, roles=frozenset({"support"}))
CARRIER = Actor(id="carrier", roles=frozenset({"service"}))
D14 = on("Mar 18", "00:00")


@pytest.fixture(scope="module")
async def service(databases: Databases) -> AsyncIterator[ServedService]:
    """One claim whose assessment is late, one that was refused, and one that was fulfilled."""
    dsn = await databases.migrated("dispute")
    lines = [order_line(name) for name in ("l1", "l2", "l3")]
    async with serving("dispute", claims.router, decider, dsn, Foretelling(NOTICES), lists.router) as service:
        await service.decide(
            register(*lines, facts=facts(shipped="Mar 1", delivered="Mar 5"), terms=terms_in("DE")),
            claim(on("Mar 10", "10:00")),
            claim(on("Mar 10", "11:00"), n=2, line_id="l2"),
            claim(on("Mar 10", "12:00"), n=3, line_id="l3"),
            assess(on("Mar 11"), "refused", n=2),
            expire_stream(warranty_stream(), "warranty_assessment", D14),
            expire_stream(warranty_stream(3), "warranty_assessment", D14),
            assess(on("Mar 18"), n=3),
            fulfil(on("Mar 19"), n=3),
        )
        async with service.pool.acquire() as connection:
            for stored in await service.store.read_all(0, 1000):
                await warranties.project(connection, codec.recorded(stored))
        yield service


async def listed(service: ServedService, actor: Actor, **query: str) -> list[str]:
    answer = await service.get("/v1/warranties", actor, **query)
    assert answer.status == 200, answer.body
    return [row["id"] for row in answer.body["data"]]


@pytest.mark.parametrize(
    ("actor", "found"),
    [
        (BUYER, [DONE, REFUSED, LATE]),
        (OTHER_BUYER, []),
        (SELLER, [DONE, REFUSED, LATE]),
        (SUPPORT, [DONE, REFUSED, LATE]),
        (CASE_TEAM, [DONE, REFUSED, LATE]),
        (CARRIER, []),
        (SELLER_OF_SUPPORT, []),
    ],
)
async def test_t41_g15_a_party_sees_its_own_claims_and_people_those_that_are_not_theirs(
    service: ServedService, actor: Actor, found: list[str]
) -> None:
    assert await listed(service, actor) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"overdue": "true"}, [LATE]),
        ({"overdue": "false"}, [DONE, REFUSED]),
        ({"state": "opened"}, [LATE]),
        ({"state": "refused"}, [REFUSED]),
        ({"state": "fulfilled", "overdue": "true"}, []),
        ({"order_id": "nothing"}, []),
        ({"role": "buyer"}, []),
    ],
)
async def test_d14_what_waits_and_had_its_alarm_is_found_and_each_filter_what_it_names(
    service: ServedService, query: dict[str, str], found: list[str]
) -> None:
    assert await listed(service, SUPPORT, **query) == found


async def test_a_list_of_claims_goes_on_where_its_page_ended(service: ServedService) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        answer = await service.get("/v1/warranties", SUPPORT, limit="1", **cursor)
        (row,) = answer.body["data"]
        seen.append(row["id"])
        cursor = {"cursor": answer.body["next_cursor"]}
    assert (seen, cursor) == ([DONE, REFUSED, LATE], {"cursor": None})


async def test_a_row_says_of_its_claim_what_the_claim_says_of_itself(service: ServedService) -> None:
    rows = (await service.get("/v1/warranties", SUPPORT)).body["data"]
    assert [row["overdue"] for row in rows] == [1, 0, 1]
    for row in rows:
        shown = (await service.get(row["href"], SUPPORT)).body
        assert row == {name: shown[name] for name in row}


@pytest.mark.parametrize("query", [{"state": "late"}, {"overdue": "perhaps"}, {"role": "judge"}, {"limit": "0"}])
async def test_a_filter_of_claims_that_says_nothing_is_refused(service: ServedService, query: dict[str, str]) -> None:
    assert (await service.get("/v1/warranties", SUPPORT, **query)).status == 422
