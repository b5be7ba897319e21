"""The return-label service over HTTP, on real PostgreSQL: who may say what about the goods, and what everybody then
sees.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from return_label.api.returns import router
from return_label.app import FORETELLING
from return_label.domain.decider import decider
from return_label.policies import notify
from shared.events.base import Actor
from shared.events.envelope import Cause
from shared.events.slot import slot_of
from shared.eventstore.command_handling import Prepared, prepare
from tests.cases.plugin import Came
from tests.support.builders import returns as r
from tests.support.servers.sandbox import Answered
from tests.support.servers.service import ServedService, serving
from tests.support.wire import on_the_wire

RET = f"/v1/returns/{r.RETURN_ID}"
NOBODY = Actor(id="nora", roles=frozenset())
TORN = {"result": "fail", "fault": "damaged", "note": "Torn."}


@pytest.fixture
async def service(migrated: Callable[[str], Awaitable[str]]) -> AsyncIterator[ServedService]:
    dsn = await migrated("return_label")
    async with serving("return_label", router, decider, dsn, FORETELLING) as service:
        await service.decide(r.request(at=service.clock.now()))
        yield service


def refused(answer: Answered) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status, answer.body["code"]


def rels(answer: Answered) -> list[str]:
    return [action["rel"] for action in answer.body["available_actions"]]


async def shipped(service: ServedService, number: str = "TRACK1", **more: Any) -> Answered:
    return await service.post(f"{RET}/shipment", r.BUYER, {"tracking_number": number}, **more)


async def inspected(service: ServedService, actor: Actor, body: Any = None, seen: str = '"5"') -> Answered:
    """The goods pass, or what the body says, for somebody who has seen that they came."""
    return await service.post(f"{RET}/inspection", actor, body or {"result": "pass"}, key="k-inspect", seen=seen)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(
            {},
            marks=pytest.mark.case("L11", given="goods pass, without a key", right="400 idempotency_key_required"),
        ),
        pytest.param(
            {"seen": '"5"'},
            marks=pytest.mark.case(
                "L11+1", given="goods pass, with If-Match and no key", right="400 idempotency_key_required"
            ),
        ),
        pytest.param(
            {"key": "k1"},
            marks=pytest.mark.case("L11+2", given="goods pass, without If-Match", right="428 if_match_required"),
        ),
        pytest.param(
            {"key": "k1", "seen": '"4"'},
            marks=pytest.mark.case("L11+3", given="goods pass, a stale If-Match", right="412 version_conflict"),
        ),
    ],
)
async def test_s82_goods_that_pass_bring_money_once_and_for_who_has_looked(
    service: ServedService, sent: dict[str, str], came: Came
) -> None:
    await shipped(service)
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    refusal = await service.post(f"{RET}/inspection", r.WAREHOUSE, {"result": "pass"}, **sent)
    assert await service.store.head() == 6
    came(" ".join(map(str, refused(refusal))))


async def test_s82_goods_that_fail_move_no_money_and_need_neither(service: ServedService) -> None:
    await shipped(service)
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    assert (await service.post(f"{RET}/inspection", r.WAREHOUSE, TORN)).status == 200


async def test_t25a_a_loss_is_told_once_and_by_who_has_looked(service: ServedService) -> None:
    await shipped(service)
    assert "report-loss" in rels(await service.get(RET, r.SUPPORT))
    assert refused(await service.post(f"{RET}/loss", r.SUPPORT)) == (400, "idempotency_key_required")
    assert refused(await service.post(f"{RET}/loss", r.SUPPORT, key="k1", seen='"3"')) == (412, "version_conflict")
    lost = await service.post(f"{RET}/loss", r.SUPPORT, key="k1", seen='"4"')
    assert (lost.status, lost.body["state"], lost.body["lost_at"]) == (200, "lost", on_the_wire(service.clock.now()))
    assert lost.body["deadlines"] == []
    assert [told["recipient"] for told in await service.told(f"return-{r.RETURN_ID}", 1, notify)] == ["bea", "sam"]


async def test_d9_d10_d11_a_return_shows_the_deadline_that_runs(service: ServedService) -> None:
    async def running() -> list[Any]:
        return [(one["kind"], one["rules"][0]) for one in (await service.get(RET, r.BUYER)).body["deadlines"]]

    seen = [await running()]
    for step, actor in (("shipment", r.BUYER), ("receipt", r.WAREHOUSE), ("inspection", r.WAREHOUSE)):
        bodies = {"shipment": {"tracking_number": "TRACK1"}, "inspection": TORN}
        await service.post(f"{RET}/{step}", actor, bodies.get(step))
        seen.append(await running())
    assert seen == [[("return_shipment", "D9")], [("return_transit", "D10")], [("return_inspection", "D11")], []]


async def test_s81_goods_go_back_step_by_step_and_each_party_sees_where_they_are(service: ServedService) -> None:
    before = await service.get(RET, r.BUYER)
    assert (before.status, before.body["state"], before.headers["ETag"][:3]) == (200, "label_issued", '"3-')
    assert before.body["available_actions"] == [
        {
            "rel": "ship",
            "method": "POST",
            "href": f"{RET}/shipment",
            "due_at": before.body["ship_by"],
            "mandatory": True,
        },
        {"rel": "void-label", "method": "POST", "href": f"{RET}/void", "due_at": None, "mandatory": False},
    ]
    sent = await service.post(f"{RET}/shipment", r.BUYER, {"tracking_number": "1234 567 891", "carrier": "dhl"})
    assert (sent.status, sent.body["state"], sent.headers["ETag"][:3], sent.headers["Makewhole-Position"]) == (
        200,
        "shipped",
        '"4-',
        f"{slot_of('o1')}.5",
    )
    assert (rels(await service.get(RET, r.SELLER)), rels(await service.get(RET, r.WAREHOUSE))) == ([], ["receive"])
    there = await service.post(f"{RET}/receipt", r.WAREHOUSE)
    assert (there.body["state"], rels(there)) == ("received", ["inspect"])
    passed = await inspected(service, r.WAREHOUSE)
    assert (passed.body["state"], passed.body["inspection"]["result"], rels(passed)) == ("inspected", "pass", [])
    assert (await service.get(RET, r.BUYER)).body["inspection"]["result"] == "pass"


async def test_the_same_key_gets_the_first_answer_again_also_when_the_goods_are_further(service: ServedService) -> None:
    first = await shipped(service, key="k1")
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    again = await shipped(service, key="k1")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert refused(await shipped(service, "ANOTHER1", key="k1")) == (422, "idempotency_key_reused")


async def test_without_a_key_the_same_step_again_changes_nothing(service: ServedService) -> None:
    first, again = await shipped(service), await shipped(service)
    assert (again.status, again.body) == (200, first.body)
    assert await service.store.head() == 5


async def test_g8_a_step_out_of_turn_is_refused_and_changes_nothing(service: ServedService) -> None:
    assert refused(await inspected(service, r.WAREHOUSE, seen='"3"')) == (409, "wrong_phase")
    await shipped(service)
    refusal = await shipped(service, "ANOTHER1")
    assert refused(refusal) == (409, "wrong_phase")
    assert (refusal.body["state"], refusal.body["rules"]) == ("shipped", ["G8"])
    assert await service.store.head() == 5


@pytest.mark.parametrize(
    ("actor", "status"), [(r.OTHER_BUYER, 404), (r.SELLER, 403), (r.WAREHOUSE, 403), (r.SUPPORT, 200), (r.SERVICE, 200)]
)
async def test_who_may_ship(service: ServedService, actor: Actor, status: int) -> None:
    assert (await service.post(f"{RET}/shipment", actor, {"tracking_number": "TRACK1"})).status == status


@pytest.mark.parametrize(
    ("actor", "status"), [(r.OTHER_SELLER, 404), (r.BUYER, 403), (r.SUPPORT, 403), (r.SELLER, 403), (r.SERVICE, 200)]
)
async def test_who_may_confirm_receipt(service: ServedService, actor: Actor, status: int) -> None:
    await shipped(service)
    assert (await service.post(f"{RET}/receipt", actor)).status == status


@pytest.mark.parametrize(
    ("actor", "status"), [(r.OTHER_SELLER, 404), (r.BUYER, 403), (r.SERVICE, 403), (r.SELLER, 403), (r.WAREHOUSE, 200)]
)
async def test_who_may_inspect(service: ServedService, actor: Actor, status: int) -> None:
    await shipped(service)
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    assert (await inspected(service, actor)).status == status


@pytest.mark.parametrize("actor", [r.OTHER_BUYER, r.OTHER_SELLER, NOBODY])
async def test_strangers_find_no_return(service: ServedService, actor: Actor) -> None:
    assert refused(await service.get(RET, actor)) == (404, "not_found")


async def test_a_return_that_nobody_asked_for_is_not_found(service: ServedService) -> None:
    for path in ("/v1/returns/ret_2", "/v1/returns/ret_2/texts/txt_1"):
        assert refused(await service.get(path, r.SUPPORT)) == (404, "not_found")
    assert refused(await service.post("/v1/returns/ret_2/receipt", r.SERVICE)) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"result": "fail"}, "/fault"),
        ({"result": "pass", "fault": "damaged"}, "/fault"),
        ({"result": "maybe"}, "/result"),
        ({"result": "fail", "fault": "ugly"}, "/fault"),
        ({"result": "pass", "notes": "x"}, "/notes"),
        ({"note": "x"}, "/result"),
    ],
)
async def test_t27_an_inspection_that_does_not_fit_names_the_field(
    service: ServedService, body: dict[str, str], pointer: str
) -> None:
    await shipped(service)
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    refusal = await inspected(service, r.WAREHOUSE, body)
    assert refused(refusal) == (422, "validation_failed")
    assert [error["pointer"] for error in refusal.body["errors"]] == [pointer]


@pytest.mark.parametrize("number", ["", " ", "-", "RR\n1", "<script>", "R" * 81])
async def test_a_tracking_number_is_what_carriers_print(service: ServedService, number: str) -> None:
    assert refused(await shipped(service, number)) == (422, "validation_failed")


async def test_s81_a_number_that_no_parcel_has_is_refused_and_says_why(service: ServedService) -> None:
    refusal = await shipped(service, "1Z12345E0205271687")
    assert refused(refusal) == (422, "validation_failed")
    (error,) = refusal.body["errors"]
    assert (error["pointer"], error["code"], refusal.body["rules"]) == ("/tracking_number", "check_digit", ["S81"])
    assert await service.store.head() == 4


async def test_s81_a_number_is_corrected_until_the_goods_have_come_and_the_history_shows_both(
    service: ServedService,
) -> None:
    await shipped(service, "1234567891")
    right = {"tracking_number": "1z 12345e 0205 271 686", "carrier": "ups", "replaces": "1234567891"}
    shown = (await service.post(f"{RET}/shipment", r.BUYER, right)).body["shipment"]
    assert (shown["tracking_number"], shown["carrier"], shown["number_check"]) == (
        "1Z12345E0205271686",
        "UPS",
        "check_digit",
    )
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    late = {"tracking_number": "TRACK9", "replaces": "1Z12345E0205271686"}
    assert refused(await service.post(f"{RET}/shipment", r.BUYER, late)) == (409, "wrong_phase")
    history = (await service.get(f"{RET}/history", r.SELLER)).body["data"]
    assert [(entry["version"], entry["actor"], entry["action"]) for entry in history] == [
        (1, "system", "return_requested"),
        (2, "system", "return_authorized"),
        (3, "system", "return_label_issued"),
        (4, "buyer", "return_shipped"),
        (5, "buyer", "return_tracking_corrected"),
        (6, "warehouse", "return_received"),
    ]
    assert history[3]["detail"]["tracking_number"] == history[4]["detail"]["replaced"] == "1234567891"
    assert history[4]["rule_links"] == {"S81": "/rules/S81", "T23": "/rules/T23"}


async def test_a_history_goes_on_where_its_page_ended_and_is_nobody_else_s(service: ServedService) -> None:
    first = (await service.get(f"{RET}/history?limit=2", r.BUYER)).body
    rest = (await service.get(f"{RET}/history?limit=2&cursor={first['next_cursor']}", r.BUYER)).body
    assert [entry["version"] for page in (first, rest) for entry in page["data"]] == [1, 2, 3]
    assert rest["next_cursor"] is None
    assert refused(await service.get(f"{RET}/history", r.OTHER_BUYER)) == (404, "not_found")


async def test_the_inspector_s_words_are_read_by_the_parties_and_stand_in_no_event(service: ServedService) -> None:
    await shipped(service)
    await service.post(f"{RET}/receipt", r.WAREHOUSE)
    words = "Mrs Buyer sent back a brick."
    found = await service.post(
        f"{RET}/inspection", r.WAREHOUSE, {"result": "fail", "fault": "different", "note": words}
    )
    note = found.body["inspection"]["note"]
    assert (await service.get(note["href"], r.BUYER)).body == {"ref": note["ref"], "text": words}
    assert refused(await service.get(note["href"], r.OTHER_BUYER)) == (404, "not_found")
    assert refused(await service.get(f"{RET}/texts/txt_other", r.BUYER)) == (404, "not_found")
    assert await service.pool.fetchval("select count(*) from events where data::text like '%brick%'") == 0


async def test_a_dry_run_foretells_whom_the_run_tells(service: ServedService) -> None:
    """Given a return that was authorised, when the buyer tries to send the goods and then does, then whoever is told
    was foretold; and so is who hears of an authorisation, which only a dispute asks for.
    """
    number = {"tracking_number": "TRACK1"}
    foretold = (await service.post(f"{RET}/shipment?dry_run=true", r.BUYER, number)).body
    assert [event["type"] for event in foretold["events"]] == ["makewhole.ReturnShipped.v1"]
    assert (await service.post(f"{RET}/shipment", r.BUYER, number)).status == 200
    stream = f"return-{r.RETURN_ID}"
    assert await service.told(stream, 1, notify) == foretold["notifications"] == []
    asked = r.request(at=service.clock.now())
    prepared = await prepare([[], []], decider, asked, Cause.of(asked))
    assert isinstance(prepared, Prepared)
    foretold = on_the_wire(FORETELLING.view(prepared, decider, r.BUYER))["notifications"]
    assert await service.told(stream, 4, notify) == foretold != []


async def test_who_has_seen_an_older_version_is_told_what_came_since(service: ServedService) -> None:
    await shipped(service)
    stale = await service.post(f"{RET}/receipt", r.WAREHOUSE, seen='"3"')
    assert refused(stale) == (412, "version_conflict")
    assert (stale.body["current_version"], [event["type"] for event in stale.body["events"]]) == (
        4,
        ["makewhole.ReturnShipped.v1"],
    )
    assert (await service.post(f"{RET}/receipt", r.WAREHOUSE, seen='"4"')).status == 200
