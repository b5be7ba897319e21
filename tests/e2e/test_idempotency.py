"""The same Idempotency-Key: one effect and one answer, however often, at once or later, and for one request only."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from tests.cases.plugin import Came
from tests.e2e.client import Answer, Services
from tests.e2e.deals import DAY, counter, now, ordered, usd
from tests.e2e.log import Logs

pytestmark = pytest.mark.e2e


def the_first_and_its_repeats(answers: list[Answer]) -> Answer:
    """The one that was carried out; all others are its repeats, byte for byte."""
    (first,) = [answer for answer in answers if not answer.replayed]
    for answer in answers:
        assert (answer.status, answer.raw, answer.etag, answer.position) == (
            first.status,
            first.raw,
            first.etag,
            first.position,
        )
        assert answer.headers.get("Location") == first.headers.get("Location")
    return first


@pytest.mark.case("B77", given="an opening under one key, twenty times at once", right="201, 19 replays, 1 dispute")
async def test_an_opening_sent_twenty_times_at_once_opens_one_dispute_and_all_get_its_answer(
    services: Services, logs: Logs, came: Came
) -> None:
    deal, key = await ordered(services), services.new("key")
    answers = await asyncio.gather(*(deal.open(key) for _ in range(20)))
    first = the_first_and_its_repeats(answers)
    opened = await logs.rows(
        "dispute", "select stream from events where key = $1 and type like '%.DisputeOpened.%'", deal.order_id
    )
    assert opened[0] == {"stream": f"dispute-{first['id']}"}
    came(f"{first.status}, {sum(answer.replayed for answer in answers)} replays, {len(opened)} dispute")


@pytest.mark.case("B77+1", given="twenty openings under one key, each another, at once", right="201: 1, 422: 19")
async def test_of_twenty_openings_under_one_key_one_is_carried_out(services: Services, came: Came) -> None:
    deal, key = await ordered(services), services.new("key")
    answers = await asyncio.gather(*(deal.open(key, amount=usd(f"{n}.00")) for n in range(1, 21)))
    assert {answer.refused for answer in answers if answer.status != 201} == {(422, "idempotency_key_reused")}
    came(", ".join(f"{status}: {n}" for status, n in sorted(Counter(answer.status for answer in answers).items())))


@pytest.mark.case(
    "B77+2", given="a response five times at once, each after the same version", right="200, 4 replays, 1 response"
)
async def test_a_response_sent_five_times_at_once_is_one_response_although_each_names_the_version_before_it(
    services: Services, logs: Logs, came: Came
) -> None:
    dispute = await (await ordered(services)).opened()
    seen, key = (await dispute.show(dispute.deal.seller)).etag, services.new("key")
    send = dispute.deal.seller.post
    answers = await asyncio.gather(
        *(send(f"{dispute.path}/response", counter("20.00"), key=key, seen=seen) for _ in range(5))
    )
    first, replays = the_first_and_its_repeats(answers), sum(answer.replayed for answer in answers)
    names = [event["name"] for event in await logs.events("dispute", f"dispute-{dispute.id}")]
    assert names == ["DisputeOpened", "SellerResponded", "SolutionProposed"]
    came(f"{first.status}, {replays} replays, {names.count('SellerResponded')} response")


async def test_the_first_answer_comes_again_after_the_dispute_has_moved_on_and_when_the_command_would_be_refused(
    services: Services,
) -> None:
    deal, key = await ordered(services), services.new("key")
    first = (await deal.open(key)).ok(201)
    assert (await deal.open()).refused == (409, "already_open")
    the_first_and_its_repeats([first, await deal.open(key)])
    answered = await deal.seller.post(
        f"/v1/disputes/{first['id']}/response", counter("20.00"), key=key, seen=first.etag
    )
    modified = await deal.buyer.post(
        f"/v1/disputes/{first['id']}/modification", {"amount": usd("30.00")}, key=key, seen=answered.etag
    )
    again = await deal.seller.post(f"/v1/disputes/{first['id']}/response", counter("20.00"), key=key, seen=first.etag)
    the_first_and_its_repeats([answered, again])
    (await deal.buyer.post(f"/v1/disputes/{first['id']}/cancellation", key=key)).ok()
    the_first_and_its_repeats([first, await deal.open(key)])
    again = await deal.buyer.post(
        f"/v1/disputes/{first['id']}/modification", {"amount": usd("30.00")}, key=key, seen=answered.etag
    )
    the_first_and_its_repeats([modified, again])


async def test_the_first_answer_comes_again_byte_for_byte_after_its_deadlines_have_passed(services: Services) -> None:
    deal, key = await ordered(services), services.new("key")
    first = (await deal.open(key)).ok(201)
    response = await deal.seller.post(
        f"/v1/disputes/{first['id']}/response", counter("20.00"), key=key, seen=first.etag
    )
    await services.move_clock(advance="6d")
    the_first_and_its_repeats([first, await deal.open(key)])
    again = await deal.seller.post(f"/v1/disputes/{first['id']}/response", counter("20.00"), key=key, seen=first.etag)
    the_first_and_its_repeats([response, again])


async def test_the_same_key_with_another_body_is_refused_and_does_nothing(services: Services, logs: Logs) -> None:
    deal, key = await ordered(services), services.new("key")
    first = (await deal.open(key)).ok(201)
    await services.at_rest()
    before = await logs.heads()
    assert (await deal.open(key, amount=usd("10.00"))).refused == (422, "idempotency_key_reused")
    assert await logs.heads() == before
    the_first_and_its_repeats([first, await deal.open(key)])


async def test_the_order_of_members_and_white_space_do_not_make_another_body(services: Services) -> None:
    deal, key = await ordered(services), services.new("key")
    first = (await deal.open(key)).ok(201)
    turned = json.dumps(dict(reversed(deal.form().items())), indent=3)
    headers = {"Idempotency-Key": key, "Content-Type": "application/json; charset=utf-8"}
    again = await deal.buyer.send("dispute", "POST", "/v1/disputes", headers, data=turned)
    assert again.replayed
    the_first_and_its_repeats([first, again])


async def test_an_opening_without_a_key_is_refused(services: Services) -> None:
    deal = await ordered(services)
    assert (await deal.buyer.post("/v1/disputes", deal.form())).refused == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["two words", "k" * 256, "schlüssel"])
async def test_a_key_is_of_at_most_255_visible_ascii_characters(services: Services, key: str) -> None:
    deal = await ordered(services)
    refused = await deal.buyer.post("/v1/disputes", deal.form(), key=key)
    assert refused.refused == (422, "validation_failed")
    assert [(fault["pointer"], fault["in"]) for fault in refused["errors"]] == [("/header/Idempotency-Key", "header")]


async def test_a_key_is_its_owners_and_its_routes_alone(services: Services) -> None:
    one, another, key = await ordered(services), await ordered(services), services.new("key")
    first, second = (await one.open(key)).ok(201), (await another.open(key)).ok(201)
    assert not second.replayed
    for deal, opened in ((one, first), (another, second)):
        answer = await deal.seller.post(
            f"/v1/disputes/{opened['id']}/response", counter("20.00"), key=key, seen=opened.etag
        )
        assert not answer.ok().replayed


async def test_a_key_is_its_orders_alone(services: Services) -> None:
    buyer, key = services.new("buyer"), services.new("key")
    one, another = [await ordered(services, buyer_id=buyer) for _ in range(2)]
    first = (await one.open(key)).ok(201)
    second = (await one.buyer.post("/v1/disputes", another.form(), key=key)).ok(201)
    assert second["id"] != first["id"] and not second.replayed
    the_first_and_its_repeats([first, await one.open(key)])


async def test_a_refusal_is_not_recorded_so_the_same_key_succeeds_once_the_reason_is_gone(services: Services) -> None:
    deal, key = await ordered(services, promised=30, facts={"shipped": -1}), services.new("key")
    assert (await deal.open(key)).refused == (409, "too_early")
    (await deal.tell("carrier_lost", await now(services) - DAY / 24)).ok()
    opened = (await deal.open(key)).ok(201)
    assert not opened.replayed


async def test_a_repeated_fact_and_a_repeated_registration_say_that_nothing_is_new(
    services: Services, logs: Logs
) -> None:
    deal, moment = await ordered(services), await now(services)
    told = [(await deal.tell("delivered", moment - DAY)).ok()["recorded"] for _ in range(2)]
    assert told == [True, False]
    assert (await deal.tell("delivered", moment)).ok()["recorded"] is False
    before = await logs.events("dispute", f"order-{deal.order_id}")
    put = services.shop.send
    assert (await put("dispute", "PUT", f"/v1/orders/{deal.order_id}", json=deal.body)).status == 200
    other = deal.body | {"buyer_id": "somebody-else"}
    assert (await put("dispute", "PUT", f"/v1/orders/{deal.order_id}", json=other)).refused == (409, "order_differs")
    assert await logs.events("dispute", f"order-{deal.order_id}") == before
