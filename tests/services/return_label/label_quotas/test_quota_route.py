"""Labels over HTTP, on real PostgreSQL: however many ask at once, three a month and one a return (S75, S76)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from return_label.api import limits, quotas, returns
from return_label.app import FORETELLING
from return_label.domain.decider import decider
from shared.events.base import Actor
from shared.events.ids import derived_id, derived_uuid
from tests.support.builders import returns as r
from tests.support.servers.sandbox import Answered
from tests.support.servers.service import ServedService, serving

MARCH, APRIL = datetime(2026, 3, 31, 12, tzinfo=UTC), datetime(2026, 4, 1, 12, tzinfo=UTC)
QUOTA = f"/v1/buyers/{r.BUYER.id}/label-quota"
LIMIT = f"/v1/buyers/{r.BUYER.id}/return-limit"
WORN = {"scope": "labels", "reason": "Nine of ten came back worn.", "until_at": "2026-04-02T00:00:00Z"}
BUSY = 503
OPS = Actor(id="olga", roles=frozenset({"ops"}))


@pytest.fixture
async def service(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[ServedService]:
    dsn = await migrated("return_label")
    async with serving(
        "return_label",
        returns.router,
        decider,
        dsn,
        FORETELLING,
        quotas.router,
        limits.router,
        carrier=None,
    ) as service:
        service.clock.at = MARCH
        yield service


async def requested(service: ServedService, *orders: str) -> list[str]:
    """A return of each of these orders; answers their paths."""
    ids = [derived_id("ret", order_id, order_id) for order_id in orders]
    for order_id, return_id in zip(orders, ids, strict=True):
        asked = r.request(service.clock.now(), order_id=order_id, return_id=return_id)
        await service.decide(asked.model_copy(update={"command_id": derived_uuid("request", order_id)}))
    return [f"/v1/returns/{return_id}" for return_id in ids]


async def at_once(service: ServedService, *paths: str) -> Counter[tuple[int, str]]:
    """A label is asked for at each path, all at the same time, each under a key of its own, and again where the service
    is too busy to say. Nobody may send a hundred commands a second, so three ask for the one buyer.
    """
    askers = (r.BUYER, r.SUPPORT, Actor(id="sid", roles=r.SUPPORT.roles))

    async def ask(n: int, path: str) -> Answered:
        while (answer := await service.post(f"{path}/label", askers[n % 3], key=f"key-{n}")).status == BUSY:
            await asyncio.sleep(0)
        return answer

    answers = await asyncio.gather(*(ask(n, path) for n, path in enumerate(paths)))
    return Counter((answer.status, answer.body.get("code", "")) for answer in answers)


def labels(answer: Answered) -> tuple[int, int]:
    return answer.body["used"], answer.body["left"]


async def test_s76_two_hundred_labels_asked_for_at_once_in_a_month_are_three(service: ServedService) -> None:
    paths = await requested(service, *(f"o{n}" for n in range(203)))
    service.clock.at = APRIL
    assert await at_once(service, *paths[3:]) == {(201, ""): 3, (409, "label_quota_exceeded"): 197}
    assert labels(await service.get(QUOTA, r.BUYER)) == (3, 0)
    issued = "select count(*) from events where type = 'makewhole.ReturnLabelIssued.v1'"
    assert await service.pool.fetchval(issued) == 6


async def test_s75_fifty_who_ask_for_one_return_s_label_at_once_get_one(service: ServedService) -> None:
    *_, path = await requested(service, "o1", "o2", "o3", "o4")
    service.clock.at = APRIL
    assert await at_once(service, *[path] * 50) == {(201, ""): 1, (409, "label_already_issued"): 49}
    assert labels(await service.get(QUOTA, r.BUYER)) == (1, 2)


async def test_s76_the_fourth_return_says_why_it_has_no_label_and_from_when_on_it_may_have_one(
    service: ServedService,
) -> None:
    *_, path = await requested(service, "o1", "o2", "o3", "o4")
    shown = (await service.get(path, r.BUYER)).body
    resets_at = "2026-04-01T00:00:00.000000Z"
    assert (shown["state"], shown["label"]) == ("self_paid", None)
    assert shown["label_denied"] == {
        "code": "label_quota_exceeded",
        "resets_at": resets_at,
        "rules": ["S76", "T22b", "K26"],
    }
    refusal = await service.post(f"{path}/label", r.BUYER, key="k1")
    assert (refusal.status, refusal.body["code"], refusal.body["resets_at"]) == (409, "label_quota_exceeded", resets_at)


async def test_s76_a_label_that_is_given_back_is_void_and_one_more_is_had_for_it(service: ServedService) -> None:
    path, *_ = await requested(service, "o1", "o2", "o3")
    void = (await service.post(f"{path}/void", r.BUYER)).body
    assert (void["state"], void["label"]["state"], void["label"]["files"]) == ("authorized", "void", {})
    assert labels(await service.get(QUOTA, r.BUYER)) == (2, 1)
    anew = await service.post(f"{path}/label", r.BUYER, key="k1")
    assert (anew.status, anew.body["label"]["state"], anew.headers["Location"]) == (201, "issued", path)
    again = await service.post(f"{path}/label", r.BUYER, key="k1")
    assert (again.status, again.body["label"]) == (201, anew.body["label"])
    number = anew.body["label"]["tracking_number"]
    sent = await service.post(f"{path}/shipment", r.BUYER, {"tracking_number": number})
    assert sent.body["label"]["state"] == "used"
    refusal = await service.post(f"{path}/void", r.BUYER)
    assert (refusal.status, refusal.body["code"]) == (409, "wrong_phase")


async def test_a_buyer_s_labels_are_shown_to_the_buyer_support_and_ops(service: ServedService) -> None:
    await requested(service, "o1")
    for actor, status in ((r.BUYER, 200), (r.SUPPORT, 200), (OPS, 200), (r.OTHER_BUYER, 404), (r.SELLER, 403)):
        assert (await service.get(QUOTA, actor)).status == status
    shown = (await service.get(QUOTA, r.BUYER, month="2026-02")).body
    assert (shown["used"], shown["resets_at"]) == (0, "2026-03-01T00:00:00.000000Z")
    assert (await service.get(QUOTA, r.BUYER, month="2026-13")).status == 422


async def test_who_may_ask_for_a_label_and_give_one_back(service: ServedService) -> None:
    path, *_ = await requested(service, "o1")
    for actor, status in ((r.OTHER_BUYER, 404), (r.SELLER, 403), (r.WAREHOUSE, 403), (r.SUPPORT, 200)):
        assert (await service.post(f"{path}/void", actor)).status == status
    assert (await service.post(f"{path}/label", r.BUYER)).status == 400
    assert (await service.post("/v1/returns/ret_2/label", r.BUYER, key="k1")).status == 404


async def test_s79_s106_who_is_limited_reads_why_and_until_when_and_no_longer_than_that(service: ServedService) -> None:
    until_at = "2026-04-02T00:00:00.000000Z"
    shown = {"scope": "labels", "reason": WORN["reason"], "until_at": until_at}
    was_set = (await service.put(LIMIT, r.SUPPORT, WORN)).body
    assert was_set == {"buyer_id": r.BUYER.id, "limits": [shown | {"set_at": "2026-03-31T12:00:00.000000Z"}]}
    assert (await service.get(QUOTA, r.BUYER)).body["limits"] == was_set["limits"]
    (path,) = await requested(service, "o1")
    refusal = await service.post(f"{path}/label", r.BUYER, key="k1")
    assert (refusal.status, refusal.body["code"], refusal.body["resets_at"]) == (409, "returns_limited", until_at)
    assert [action["rel"] for action in refusal.body["actions"]] == ["contact-support"]
    service.clock.at = datetime(2026, 4, 2, tzinfo=UTC)
    assert (await service.get(QUOTA, r.BUYER)).body["limits"] == []
    assert (await service.post(f"{path}/label", r.BUYER, key="k2")).status == 201


async def test_s79_a_limit_is_lifted_by_support(service: ServedService) -> None:
    await service.put(LIMIT, r.SUPPORT, WORN)
    for actor in (r.BUYER, r.SELLER, OPS):
        assert (await service.delete(LIMIT, actor, scope="labels")).status == 403
    lifted = [(await service.delete(LIMIT, r.SUPPORT, scope="labels")).body for _ in range(2)]
    assert lifted == 2 * [{"buyer_id": r.BUYER.id, "limits": []}]
    assert (await service.delete(LIMIT, r.SUPPORT, scope="everything")).status == 422
    assert (await service.put(LIMIT, r.SUPPORT, WORN | {"until_at": "2026-03-31T12:00:00Z"})).status == 422
