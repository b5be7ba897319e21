"""The refund service over HTTP, on real PostgreSQL: parties see where their money is, and who may ask for another
try.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from refund.domain.payments.retries import RETRY_LIMIT
from refund.policies import notify
from refund.read_models import refunds
from shared.events.base import Actor
from shared.events.refund import RefundIssued
from tests.support.builders import refunds as p
from tests.support.servers.refund_service import RefundService, serving_refunds
from tests.support.servers.sandbox import Answered

Migrated = Callable[[str], Awaitable[str]]
RFD = "/v1/refunds/rfd_9a31"
CASE_TEAM = Actor(id="carl", roles=frozenset({"case_team"}))
NOBODY = Actor(id="nora", roles=frozenset())


BIASED = Actor(id=p.SELLER.id, roles=frozenset({"support"}))


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[RefundService]:
    async with serving_refunds(await migrated("refund")) as service:
        yield service


def refused(answer: Answered) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status, answer.body["code"]


@pytest.mark.parametrize(
    ("actor", "status"),
    [(p.BUYER, 200), (p.SELLER, 200), (p.SUPPORT, 200), (CASE_TEAM, 200), (p.STRANGER, 404), (NOBODY, 404)],
)
async def test_who_sees_a_refund(service: RefundService, actor: Actor, status: int) -> None:
    await service.ask(p.capture(), p.request())
    assert (await service.served.get(RFD, actor)).status == status
    listed = await service.served.get("/v1/refunds", actor)
    assert (listed.status, len(listed.body["data"])) == (200, 1 if status == 200 else 0)


async def test_each_seller_of_an_order_sees_the_refunds_of_its_own_lines(service: RefundService) -> None:
    theirs, unnamed = p.request(seller_id=p.OTHER_SELLER.id), p.request("rfd_9a32", parts={"b": 1000})
    await service.ask(p.capture(), theirs, unnamed, p.request("rfd_9a33", parts={"b": 1000}, seller_id=p.SELLER.id))

    async def seen(actor: Actor) -> tuple[list[str], list[int]]:
        listed = (await service.served.get("/v1/refunds", actor, order_id="o1")).body["data"]
        return [row["id"] for row in listed], [
            (await service.served.get(f"/v1/refunds/rfd_9a3{n}", actor)).status for n in (1, 2, 3)
        ]

    assert await seen(p.OTHER_SELLER) == (["rfd_9a31"], [200, 404, 404])
    assert await seen(p.SELLER) == (["rfd_9a33", "rfd_9a32"], [404, 200, 200])
    assert await seen(p.BUYER) == (["rfd_9a33", "rfd_9a32", "rfd_9a31"], [200, 200, 200])
    both = Actor(id=p.SELLER.id, roles=frozenset({"buyer", "seller"}))
    assert await seen(both) == (["rfd_9a33", "rfd_9a32"], [404, 200, 200])


async def test_s64_refunds_are_listed_by_order_and_by_dispute_the_newest_first(service: RefundService) -> None:
    await service.ask(
        p.capture(),
        p.request(),
        p.request("rfd_9a32", parts={"b": 1000}, dispute_id="dsp_9a32", return_id="ret_9a32"),
        p.request("rfd_9a33", parts={"b": 9000}),
    )

    async def ids(**query: str) -> list[str]:
        return [row["id"] for row in (await service.served.get("/v1/refunds", p.BUYER, **query)).body["data"]]

    assert await ids(order_id="o1") == ["rfd_9a33", "rfd_9a32", "rfd_9a31"]
    assert await ids(dispute_id="dsp_9a32") == await ids(return_id="ret_9a32") == ["rfd_9a32"]
    assert await ids(order_id="o2") == await ids(order_id="o1", dispute_id="dsp_9a39") == []
    assert await ids(return_id="ret_9a39") == []
    row = (await service.served.get("/v1/refunds", p.BUYER, dispute_id="dsp_9a31")).body["data"][0]
    assert (row["state"], row["reason"], row["amount"]) == (
        "refused",
        "amount_exceeds_cap",
        {"amount": "90.00", "currency": "USD"},
    )


async def test_a_list_goes_on_behind_its_cursor(service: RefundService) -> None:
    await service.ask(p.capture(), *(p.request(f"rfd_9a3{n}", parts={"a": 100}) for n in range(5)))
    seen, query = list[str](), {"limit": "2"}
    for _ in range(3):
        page = (await service.served.get("/v1/refunds", p.SELLER, **query)).body
        seen += [row["id"] for row in page["data"]]
        query["cursor"] = page["next_cursor"]
    assert seen == ["rfd_9a34", "rfd_9a33", "rfd_9a32", "rfd_9a31", "rfd_9a30"]
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "WyJhIl0"},
        {"limit": "0"},
        {"limit": "101"},
        {"order": "o1"},
        {"at_least_position": "-1"},
        {"at_least_position": "7"},
        {"at_least_position": "3072.1"},
    ],
)
async def test_a_list_is_asked_for_in_its_own_words(service: RefundService, query: dict[str, str]) -> None:
    assert refused(await service.served.get("/v1/refunds", p.BUYER, **query)) == (422, "validation_failed")


async def test_a_read_model_that_is_behind_says_so(service: RefundService) -> None:
    assert refused(await service.served.get("/v1/refunds", p.BUYER, at_least_position="0.1000")) == (
        503,
        "projection_behind",
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refund_that_the_read_model_may_only_not_know_yet_is_not_said_to_be_absent(
    service: RefundService, method: str
) -> None:
    await service.served.decide(p.capture(), p.request(), p.decline(0))
    behind = await by_id(service, RFD, method)
    assert (*refused(behind), behind.headers["Retry-After"]) == (503, "projection_behind", "1")
    await service.project()
    assert (await by_id(service, RFD, method)).status == 200
    await service.project()
    assert refused(await by_id(service, "/v1/refunds/rfd_9a39", method)) == (404, "not_found")


async def test_who_asks_for_a_refund_before_the_read_model_knows_it_is_answered_once_it_does(
    service: RefundService,
) -> None:
    await service.served.decide(p.capture(), p.request())
    asking = asyncio.create_task(service.served.get(RFD, p.BUYER))
    await service.project()
    assert (await asking).status == 200


@pytest.mark.parametrize("refund_id", ["nonsense", "rfd_fff1", "ret_9a31"])
async def test_an_id_that_no_refund_can_have_is_absent_however_far_the_read_model_is(
    service: RefundService, refund_id: str
) -> None:
    await service.served.decide(p.capture())
    assert refused(await service.served.get(f"/v1/refunds/{refund_id}", p.SUPPORT)) == (404, "not_found")


async def by_id(service: RefundService, path: str, method: str) -> Answered:
    """The two routes that find a refund by its id."""
    if method == "GET":
        return await service.served.get(path, p.BUYER)
    return await service.served.post(f"{path}/retry", p.BUYER, key=path)


async def test_a_retry_needs_a_key_and_the_right_person(service: RefundService) -> None:
    await service.ask(p.capture(), p.request(), p.decline(0))
    assert refused(await service.served.post(f"{RFD}/retry", p.BUYER)) == (400, "idempotency_key_required")
    assert refused(await service.served.post(f"{RFD}/retry", p.SELLER, key="k")) == (403, "forbidden")
    assert refused(await service.served.post(f"{RFD}/retry", p.STRANGER, key="k")) == (404, "not_found")
    assert refused(await service.served.post("/v1/refunds/rfd_9a39/retry", p.SUPPORT, key="k")) == (404, "not_found")
    assert (await service.served.post(f"{RFD}/retry", p.BUYER, key="k")).body["state"] == "approved"


async def test_a_retry_that_is_sent_again_gets_the_first_answer_also_after_the_refund_was_issued(
    service: RefundService,
) -> None:
    await service.ask(p.capture(), p.request(), p.decline(0))
    first = await service.served.post(f"{RFD}/retry", p.BUYER, key="k")
    await service.ask(p.issue(attempt=1))
    again = await service.served.post(f"{RFD}/retry", p.BUYER, key="k")
    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert refused(await service.served.post(f"{RFD}/retry", p.BUYER, key="another")) == (409, "wrong_phase")


BY_HAND = {"bank_reference": "bank-4711", "paid_at": "2026-03-02T10:00:00Z", **p.WHY}
LAST = RETRY_LIMIT + 1


async def with_people(service: RefundService) -> None:
    """A refund of which every try was declined."""
    await service.ask(p.capture(), p.request(), *(p.decline(attempt) for attempt in range(LAST)))


async def test_t31a_two_persons_of_support_say_that_a_refund_was_paid_by_hand(service: RefundService) -> None:
    await with_people(service)
    path, post = f"{RFD}/manual-payment", service.served.post
    assert refused(await post(path, p.SUPPORT, BY_HAND)) == (400, "idempotency_key_required")
    assert refused(await post(path, p.BUYER, BY_HAND, key="k")) == (403, "forbidden")
    assert refused(await post(path, p.SUPPORT, {}, key="k")) == (422, "validation_failed")
    early = await post(path, p.SUPPORT, {**BY_HAND, "paid_at": "2000-01-01T00:00:00Z"}, key="k")
    assert (early.status, early.body["errors"][0]["pointer"]) == (422, "/paid_at")
    proposed = await post(path, p.SUPPORT, BY_HAND, key="k")
    (made,) = proposed.body["proposals"]
    assert (proposed.status, proposed.body["state"], made["kind"]) == (202, "manual", "manual_payment")
    reason = made["body"]["reason"]["href"]
    assert (await service.served.get(reason, p.OTHER_SUPPORT)).body["text"] == p.WHY["reason"]
    assert refused(await service.served.get(reason, p.BUYER)) == (403, "forbidden")
    agrees, seen = {"agree": made["id"]}, proposed.headers["ETag"]
    assert refused(await post(path, p.OTHER_SUPPORT, agrees, key="a")) == (428, "if_match_required")
    assert refused(await post(path, p.SUPPORT, agrees, key="a", seen=seen)) == (403, "same_reviewer")
    paid = await post(path, p.OTHER_SUPPORT, agrees, key="a", seen=seen)
    assert (paid.status, paid.body["state"], paid.body["manual"]) == (200, "issued", True)
    await service.project()
    assert (await service.served.get(reason, p.OTHER_SUPPORT)).status == 200
    (row,) = (await service.served.get("/v1/refunds", p.BUYER, state="issued")).body["data"]
    assert (row["state"], row["issued_at"]) == ("issued", "2026-03-02T10:00:00.000000Z")


async def test_a_dry_run_foretells_the_money_and_whom_the_run_tells(service: RefundService) -> None:
    """Given a payment by hand that is proposed, when somebody tries to agree and then does, then the buyer is told what
    was foretold, and only that.
    """
    await with_people(service)
    path, post = f"{RFD}/manual-payment", service.served.post
    proposed = await post(path, p.SUPPORT, BY_HAND, key="k")
    (made,), seen = proposed.body["proposals"], proposed.headers["ETag"]
    agrees = {"agree": made["id"]}
    foretold = (await post(f"{path}?dry_run=true", p.OTHER_SUPPORT, agrees, key="a", seen=seen)).body
    amount = {"amount": "25.00", "currency": "USD"}
    lines = [{"line_id": "a", "amount": amount}]
    assert foretold["money"] == [{"kind": "refund", "amount": amount, "lines": lines, "party": "buyer"}]
    assert [told["kind"] for told in foretold["notifications"]] == ["refund_issued"]
    agreed = await post(path, p.OTHER_SUPPORT, agrees, key="a", seen=seen)
    assert (agreed.status, agreed.body["state"]) == (200, "issued")
    assert await service.served.told("payment-o1", 2, notify) == foretold["notifications"]


async def test_t31a_a_second_person_of_support_declines(service: RefundService) -> None:
    await with_people(service)
    path, post = f"{RFD}/manual-payment", service.served.post
    proposed = await post(path, p.SUPPORT, BY_HAND, key="k")
    (made,) = proposed.body["proposals"]
    no, seen = {"decline": made["id"], "reason": "The bank knows of none."}, proposed.headers["ETag"]
    declined = await post(path, p.OTHER_SUPPORT, no, key="d", seen=seen)
    assert (declined.status, declined.body["state"], declined.body["proposals"]) == (200, "manual", [])
    reason = (await service.served.get(RFD, p.SUPPORT)).body["declined"]["reason"]["href"]
    assert (await service.served.get(reason, p.SUPPORT)).body["text"] == no["reason"]
    assert refused(await post(path, p.OTHER_SUPPORT, no, key="e", seen=seen))[0] == 412


async def test_t30a_two_persons_of_support_give_up_a_refund_that_was_refused(service: RefundService) -> None:
    await service.ask(p.capture(), p.request(parts={"b": 9000}))
    path, post = f"{RFD}/abandonment", service.served.post
    proposed = await post(path, p.SUPPORT, p.WHY, key="k")
    (made,) = proposed.body["proposals"]
    assert (proposed.status, proposed.body["state"], made["kind"]) == (202, "refused", "abandonment")
    agrees = {"agree": made["id"]}
    gone = await post(path, p.OTHER_SUPPORT, agrees, key="a", seen=proposed.headers["ETag"])
    assert (gone.status, gone.body["state"], gone.body["reason"]) == (200, "abandoned", "amount_exceeds_cap")
    await service.project()
    (row,) = (await service.served.get("/v1/refunds", p.BUYER, state="abandoned")).body["data"]
    assert (row["id"], row["destination"]) == ("rfd_9a31", None)


async def test_support_lists_what_waits_for_people_by_its_state(service: RefundService) -> None:
    await with_people(service)
    await service.ask(p.request("rfd_9a32", parts={"b": 1000}), p.request("rfd_9a33", parts={"b": 9000}))

    async def ids(state: str, **query: str) -> list[str]:
        listed = await service.served.get("/v1/refunds", p.SUPPORT, state=state, **query)
        return [row["id"] for row in listed.body["data"]]

    assert await ids("manual") == ["rfd_9a31"]
    assert await ids("manual,refused") == ["rfd_9a33", "rfd_9a31"]
    assert await ids("approved,issued,settled") == ["rfd_9a32"]
    assert await ids("manual", order_id="o2") == []
    for wrong in ("", "manual,", "gone"):
        assert refused(await service.served.get("/v1/refunds", p.SUPPORT, state=wrong)) == (422, "validation_failed")


async def test_t31a_the_list_says_what_is_not_as_asked_in_the_providers_answer(service: RefundService) -> None:
    doubt = p.doubt().model_copy(update={"differs": ("amount",), "provider_ref": "psp_1"})
    await service.ask(p.capture(), p.request(), doubt)
    (row,) = (await service.served.get("/v1/refunds", p.SUPPORT, state="manual")).body["data"]
    shown = (await service.served.get(RFD, p.SUPPORT)).body
    assert (row["provider_ref"], row["differs"]) == (shown["provider_ref"], shown["differs"]) == ("psp_1", ["amount"])


async def test_the_read_model_says_what_the_fold_says_and_rebuilding_changes_nothing(service: RefundService) -> None:
    retry = p.retry(p.SUPPORT)
    await service.ask(
        p.capture(),
        p.request(),
        p.decline(0),
        retry,
        p.issue(attempt=1),
        p.settle(),
        p.request("rfd_9a32", parts={"b": 9000}),
    )
    rows = await refunds.page(service.served.pool, refunds.RefundFilter(), 10)
    folded = (await service.payment()).refunds
    for row in rows:
        refund = folded[row["refund_id"]]
        issued: RefundIssued | None = refund.issued
        assert (row["state"], row["failures"], row["amount"]) == (
            refund.state,
            refund.failures,
            refund.request.amount.minor,
        )
        assert row["expected_until"] == (issued.expected_until if issued else None)
    await service.project()
    assert await refunds.page(service.served.pool, refunds.RefundFilter(), 10) == rows


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (refunds.RefundFilter(order_id="o1", buyer_id="bea"), "refunds_order"),
        (refunds.RefundFilter(dispute_id="dsp_9a31", seller_id="sam"), "refunds_dispute"),
        (refunds.RefundFilter(before=(p.MONDAY, "rfd_9a37")), "refunds_newest"),
        (refunds.RefundFilter(buyer_id="bea"), "payments_buyer"),
        (refunds.RefundFilter(seller_id="sam"), "payments_seller"),
        (refunds.RefundFilter(seller_id="sam"), "refunds_seller"),
        (refunds.RefundFilter(states=["manual"]), "refunds_state"),
        (refunds.RefundFilter(in_doubt=True), "refunds_in_doubt"),
        (refunds.RefundFilter(paid_twice=True), "refunds_paid_twice"),
        (refunds.RefundFilter(return_id="ret_9a31"), "refunds_return"),
    ],
)
async def test_each_list_is_read_by_an_index(service: RefundService, wanted: refunds.RefundFilter, index: str) -> None:
    query, values = refunds.query(wanted, 26)
    async with service.served.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch("explain " + query.text, *query.arguments(values))
    assert index in str(plan)


async def test_g15_of_support_who_is_the_seller_reads_nothing_that_the_buyer_was_told(service: RefundService) -> None:
    await service.ask(p.capture(), p.request(), p.issue())
    assert [told["kind"] for told in await service.served.told("payment-o1", 1, notify)] == ["refund_issued"]
    for reader, count in ((p.SUPPORT, 1), (p.BUYER, 1), (BIASED, 0), (p.SELLER, 0)):
        listed = await service.served.get("/v1/notifications", reader, order_id="o1")
        assert [row["kind"] for row in listed.body["data"]] == ["refund_issued"] * count
