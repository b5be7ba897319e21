"""Which returns a list shows, on real PostgreSQL: a party's own, and to who scans a parcel its return (S81)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from return_label.api import lists
from return_label.api import returns as returns_api
from return_label.app import FORETELLING
from return_label.domain.decider import decider
from return_label.domain.returns.labels.cancellation import NotTaken, RecordNotCancelled
from return_label.domain.returns.state import Return
from return_label.domain.returns.withdrawal import WithdrawReturn
from return_label.read_models import returns
from shared.events import codec
from shared.events.base import SYSTEM, Actor, Command
from shared.events.dispute import ReturnKind
from shared.events.ids import derived_uuid
from shared.events.return_label import ReturnLabelCancellationOrdered
from tests.support.builders import returns as r
from tests.support.servers.backing import Databases
from tests.support.servers.service import ServedService, serving

FIRST, SECOND, OTHERS = "ret_9a31", "ret_9a32", "ret_9a33"
OPS = Actor(id="olga", roles=frozenset({"ops"}))
NOBODY = Actor(id="nora", roles=frozenset())
SELLER_OF_SUPPORT = Actor(id=r.SELLER.id, roles=frozenset({"support"}))


def named(command: Command, return_id: str, **changes: Any) -> Command:
    """The command about another return, with an id of its own."""
    own = {"command_id": derived_uuid(command.command_id, return_id), "return_id": return_id}
    return command.model_copy(update=own | changes)


@pytest.fixture(scope="module")
async def service(databases: Databases) -> AsyncIterator[ServedService]:
    """One that is asked for, one on its way under a number that was mistyped first, and one of somebody else."""
    dsn = await databases.migrated("return_label")
    async with serving("return_label", returns_api.router, decider, dsn, FORETELLING, lists.router) as service:
        await service.decide(
            named(r.request(), FIRST),
            named(r.request(), SECOND, order_id="o2", dispute_id=None, kind=ReturnKind.FREE),
            named(r.request(), OTHERS, order_id="o3", buyer_id="eve"),
            named(r.ship(), SECOND),
            named(r.correct("TRACK2"), SECOND),
        )
        async with service.pool.acquire() as connection:
            for stored in await service.store.read_all(0, 1000):
                await returns.project(connection, codec.recorded(stored))
        yield service


async def listed(service: ServedService, actor: Actor, **query: str) -> list[str]:
    answer = await service.get("/v1/returns", actor, **query)
    assert answer.status == 200, answer.body
    return [row["id"] for row in answer.body["data"]]


@pytest.mark.parametrize(
    ("actor", "found"),
    [
        (r.BUYER, [SECOND, FIRST]),
        (r.OTHER_BUYER, [OTHERS]),
        (r.SELLER, [OTHERS, SECOND, FIRST]),
        (r.OTHER_SELLER, []),
        (r.WAREHOUSE, [OTHERS, SECOND, FIRST]),
        (r.SERVICE, [OTHERS, SECOND, FIRST]),
        (r.SUPPORT, [OTHERS, SECOND, FIRST]),
        (OPS, [OTHERS, SECOND, FIRST]),
        (NOBODY, []),
        (SELLER_OF_SUPPORT, []),
    ],
)
async def test_s81_a_party_sees_its_own_returns_and_the_warehouse_every_one(
    service: ServedService, actor: Actor, found: list[str]
) -> None:
    assert await listed(service, actor) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"tracking_number": "TRACK2"}, [SECOND]),
        ({"tracking_number": " track-2"}, [SECOND]),
        ({"tracking_number": "TRACK1"}, []),
        ({"tracking_number": "TRACK"}, []),
        ({"order_id": "o2"}, [SECOND]),
        ({"order_id": "o2", "state": "received"}, []),
        ({"dispute_id": "dsp_9a31"}, [OTHERS, FIRST]),
        ({"state": "shipped"}, [SECOND]),
        ({"state": "label_issued"}, [OTHERS, FIRST]),
        ({"kind": "free"}, [SECOND]),
        ({"kind": "statutory"}, []),
    ],
)
async def test_s81_a_scan_finds_its_return_and_each_filter_what_it_names(
    service: ServedService, query: dict[str, str], found: list[str]
) -> None:
    assert await listed(service, r.WAREHOUSE, **query) == found


async def test_s81_the_number_of_a_label_finds_its_return_before_anything_is_sent(service: ServedService) -> None:
    for return_id in (FIRST, OTHERS):
        label = (await service.get(f"/v1/returns/{return_id}", r.SUPPORT)).body["label"]["tracking_number"]
        assert await listed(service, r.WAREHOUSE, tracking_number=label.lower()) == [return_id]


async def test_a_list_goes_on_where_its_page_ended(service: ServedService) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        answer = await service.get("/v1/returns", r.SUPPORT, limit="1", **cursor)
        (row,) = answer.body["data"]
        seen.append(row["id"])
        cursor = {"cursor": answer.body["next_cursor"]}
    assert (seen, cursor) == ([OTHERS, SECOND, FIRST], {"cursor": None})


async def test_a_row_says_of_its_return_what_the_return_says_of_itself(service: ServedService) -> None:
    for row in (await service.get("/v1/returns", r.WAREHOUSE)).body["data"]:
        shown: Mapping[str, Any] = (await service.get(row["href"], r.WAREHOUSE)).body
        assert row == {name: shown[name] for name in row}


@pytest.mark.parametrize("query", [{"state": "somewhere"}, {"role": "warehouse"}, {"colour": "red"}, {"limit": "0"}])
async def test_a_filter_that_says_nothing_is_refused(service: ServedService, query: dict[str, str]) -> None:
    assert (await service.get("/v1/returns", r.SUPPORT, **query)).status == 422


async def test_s76_a_label_that_its_carrier_has_not_taken_back_is_listed_until_support_has_settled_it(
    databases: Databases,
) -> None:
    dsn = await databases.migrated("return_label")
    async with serving("return_label", returns_api.router, decider, dsn, FORETELLING, lists.router) as service:
        about = {"return_id": FIRST, "buyer_id": r.BUYER.id}
        await service.decide(named(r.request(carrier="sandbox"), FIRST), named(r.request(), SECOND, order_id="o2"))
        keep = WithdrawReturn(command_id=derived_uuid("keep"), actor=SYSTEM, at=r.FRIDAY, **about)
        await service.decide(keep)
        order = (await returned(service)).cancellations
        (ordered,) = order.values()
        assert isinstance(ordered, ReturnLabelCancellationOrdered)
        await service.decide(RecordNotCancelled.of(ordered, r.FRIDAY, code=NotTaken.REFUSED))
        assert await listed(await projected(service), r.SUPPORT, not_cancelled="true") == [FIRST]
        body = {"label_id": ordered.label_id, "settled": True}
        answer = await service.post(f"/v1/returns/{FIRST}/label/cancellation", r.SUPPORT, body)
        assert answer.body["label_cancellations"][0]["state"] == "cancelled", answer.body
        assert await listed(await projected(service), r.SUPPORT, not_cancelled="true") == []


async def returned(service: ServedService) -> Return:
    (history,) = await service.store.load(f"return-{FIRST}")
    folded: Return = decider.fold("return-", [recorded.event for recorded in history])
    return folded


async def projected(service: ServedService) -> ServedService:
    """The service, whose list has heard of everything."""
    async with service.pool.acquire() as connection:
        await connection.execute("delete from returns")
        for stored in await service.store.read_all(0, 1000):
            await returns.project(connection, codec.recorded(stored))
    return service
