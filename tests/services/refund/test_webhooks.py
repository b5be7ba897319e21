"""Webhooks of the payment provider: each only makes the service ask, however it comes, and none is missed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk

from refund.domain.decider import decider
from refund.domain.payments.pending import AskNow, RecordPending
from refund.effects import still_awaited
from refund.gateways.stripe.refunds import REFUND_ID as GATEWAYS_NAME
from refund.policies import notify
from refund.webhooks.plugins import receiver_of
from refund.webhooks.port import Malformed, Word
from refund.webhooks.stripe import REFUND_ID, stripe_webhooks
from shared.events.deadlines import DeadlineMoved
from shared.events.refund import RefundRetried, RefundReturnedByBank, RefundSettled, RefundSettlementOverdue
from shared.http.request.webhooks import AGE, Untrusted, key_of, signed_headers
from shared.process.environment import SANDBOX_WEBHOOKS
from tests.support.builders import refunds as p
from tests.support.policies import recorded
from tests.support.servers.refund_service import Paying, serving_payments
from tests.support.servers.sandbox import Answered
from tests.support.servers.stack import eventually
from tests.support.servers.stripe_messages import message
from tests.support.spec import given

Migrated = Callable[[str], Awaitable[str]]
PSP = "/v1/webhooks/psp"
MINUTE = timedelta(minutes=1)
KEY = key_of(SANDBOX_WEBHOOKS.partition("+")[2])
ABOUT = {"type": "refund.issued", "data": {"refund_id": "rfd_9a31"}}


@pytest.fixture
async def paying(migrated: Migrated) -> AsyncIterator[Paying]:
    """A refund that its provider has taken and is not done with; the clock stands, so that nobody polls."""
    async with serving_payments(await migrated("refund"), await migrated("sandbox")) as paying:
        await paying.break_next("pending", times=2)
        await paying.ask(p.capture(), p.request(), p.request("rfd_9a32", parts={"b": 1000}))
        await paying.at_rest()
        yield paying


async def complete(paying: Paying, refund_id: str = "rfd_9a31", **body: str) -> None:
    done = await paying.psp.post(f"/psp/refunds/{refund_id}/completion", {"result": "succeeded", **body})
    assert done.status == 200


async def break_webhook(paying: Paying, fault: str, **more: Any) -> None:
    assert (await paying.psp.post("/faults", {"on": "webhook", "fault": fault, **more})).status == 201


async def state_of(paying: Paying, refund_id: str = "rfd_9a31") -> str:
    return (await paying.refund(refund_id)).state


async def send(
    paying: Paying, body: bytes, late: float = 0, event_id: str = "evt_1", key: bytes = KEY, **more: str
) -> Answered:
    headers = signed_headers(key, event_id, time.time() - late, body)
    options = {"data": body, "headers": {"Content-Type": "application/json", **headers, **more}}
    return await paying.served.served.ask("POST", PSP, **options)


async def test_a_pending_refund_is_issued_within_moments_of_the_providers_word(paying: Paying) -> None:
    assert [await state_of(paying), await state_of(paying, "rfd_9a32")] == ["approved"] * 2
    assert await paying.loop.next_deadline() == p.MONDAY + MINUTE / 2
    await complete(paying)

    async def is_issued() -> bool:
        return await state_of(paying) == "issued"

    await eventually(is_issued)
    assert await state_of(paying, "rfd_9a32") == "approved"
    assert await paying.paid() == [("rfd_9a31/0", "25.00")]


async def test_what_the_provider_comes_to_refuse_is_tried_again_under_a_new_key(paying: Paying) -> None:
    await complete(paying, result="declined", code="account_invalid")

    async def has_failed() -> bool:
        return await state_of(paying) == "failed"

    await eventually(has_failed)
    await paying.move(MINUTE)
    assert await paying.paid() == [("rfd_9a31/1", "25.00")]


@pytest.mark.parametrize("fault", ["drop", "forge", "delay"])
async def test_a_word_that_is_lost_forged_or_late_is_not_missed_for_the_poll_finds_what_became_of_it(
    paying: Paying, fault: str
) -> None:
    await break_webhook(paying, fault, **({"seconds": 0.3} if fault == "delay" else {}))
    await complete(paying)
    await paying.move(MINUTE)
    assert await state_of(paying) == "issued"
    before = await paying.types()
    late = await send(paying, json.dumps(ABOUT).encode())
    assert (late.status, late.body) == (200, {"id": "evt_1", "result": "ignored"})
    assert await paying.types() == before


async def test_a_word_that_comes_twice_asks_once(paying: Paying) -> None:
    await break_webhook(paying, "duplicate")
    await complete(paying)

    async def is_issued() -> bool:
        return await state_of(paying) == "issued"

    await eventually(is_issued)
    assert (await paying.types()).count("DeadlineMoved") == 3


async def test_words_in_another_order_come_to_the_same(paying: Paying) -> None:
    await break_webhook(paying, "reorder", order_id="o1")
    await complete(paying)
    await complete(paying, "rfd_9a32")

    async def are_issued() -> bool:
        return {await state_of(paying), await state_of(paying, "rfd_9a32")} == {"issued"}

    await eventually(are_issued)


async def test_a_word_is_not_believed_but_makes_the_service_ask(paying: Paying) -> None:
    """The provider has not moved a cent, whatever is said here."""
    said = {"type": "refund.issued", "data": {"refund_id": "rfd_9a31", "status": "succeeded", "provider_ref": "re_1"}}
    body = json.dumps(said).encode()
    first, again = await send(paying, body), await send(paying, body)
    assert [answer.body["result"] for answer in (first, again)] == ["taken", "repeated"]
    await paying.at_rest()
    assert await state_of(paying) == "approved"
    assert await paying.paid() == []


async def test_the_same_id_with_another_body_is_a_repeat(paying: Paying) -> None:
    other = {"type": "refund.failed", "data": {"refund_id": "rfd_9a31"}}
    results = [(await send(paying, json.dumps(each).encode())).body["result"] for each in (ABOUT, other)]
    assert results == ["taken", "repeated"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"key": b"somebody else's key"}, 401, "unauthenticated"),
        ({"late": AGE + 1}, 401, "unauthenticated"),
        ({"late": -2 * AGE}, 401, "unauthenticated"),
        ({"event_id": ""}, 401, "unauthenticated"),
        ({"webhook-signature": "v1,"}, 401, "unauthenticated"),
        ({"webhook-signature": ""}, 401, "unauthenticated"),
        ({"webhook-id": "evt_2"}, 401, "unauthenticated"),
        ({"webhook-timestamp": "soon"}, 401, "unauthenticated"),
        ({"webhook-timestamp": "\u00b2"}, 401, "unauthenticated"),
        ({"body": b"[]"}, 400, "malformed_json"),
        ({"body": b"{"}, 400, "malformed_json"),
        ({"body": b"x" * (64 * 1024 + 1)}, 413, "too_large"),
    ],
)
async def test_what_is_none_of_the_providers_messages_changes_nothing(
    paying: Paying, change: dict[str, Any], status: int, code: str
) -> None:
    before = await paying.types()
    refused = await send(paying, change.pop("body", json.dumps(ABOUT).encode()), **change)
    assert (refused.status, refused.body["code"]) == (status, code)
    assert await paying.types() == before


@pytest.mark.parametrize(
    "about", [{"refund_id": "rfd_000nobodys"}, {"refund_id": "re_1"}, {"refund_id": ""}, {"refund_id": None}, {}]
)
async def test_what_is_about_nobodys_refund_is_ignored(paying: Paying, about: dict[str, Any]) -> None:
    await paying.project()
    heard = await send(paying, json.dumps({"type": "refund.issued", "data": about}).encode())
    assert (heard.status, heard.body["result"]) == (200, "ignored")


async def test_another_kind_of_message_is_ignored(paying: Paying) -> None:
    heard = await send(paying, json.dumps({"type": "capture.succeeded", "data": {"payment_id": "o1"}}).encode())
    assert (heard.status, heard.body["result"]) == (200, "ignored")


async def test_where_nothing_is_set_up_nobody_is_heard(paying: Paying) -> None:
    paying.served.served.app.state.webhooks = receiver_of("")
    assert (await send(paying, json.dumps(ABOUT).encode())).status == 404


def test_t30b_a_word_brings_the_question_forward_only_for_what_is_pending() -> None:
    word = AskNow.of("evt_1", "o1", "rfd_9a31", p.MONDAY)
    pending = RecordPending.of("o1", "rfd_9a31", 0, 0, p.MONDAY + MINUTE, p.MONDAY)
    taken = given(decider, *p.APPROVED).when(pending)
    assert [*taken.deadlines.values()] == [p.MONDAY + MINUTE]
    assert [*taken.when(word).deadlines.values()] == [p.MONDAY]
    given(decider, *p.APPROVED).when(word).then_nothing()
    given(decider, *p.APPROVED, p.failed(1, p.MONDAY + MINUTE)).when(word).then_nothing()
    given(decider, *p.APPROVED, p.issued()).when(word).then_nothing()
    given(decider, p.captured()).when(word).then_nothing()


SOON = p.MONDAY + MINUTE
WORD = AskNow.of("evt_1", "o1", "rfd_9a31", SOON)
WINDOW = ("payment-o1", "bank_settlement:rfd_9a31")


def test_t32_t32a_a_word_about_money_that_no_bank_has_confirmed_makes_the_service_ask_before_the_window_ends() -> None:
    asked = given(decider, *p.APPROVED, p.issued()).when(WORD)
    assert asked.deadlines == {WINDOW: SOON}
    asked.when(p.close_window({"rfd_9a31"}, at=SOON, due_at=SOON)).then_types(RefundSettled)
    back = asked.when(p.close_window(at=SOON, due_at=SOON, back={"rfd_9a31": "account_closed"}))
    assert back.then_types(RefundReturnedByBank).deadlines == {}


def test_d12_s62_a_window_that_was_looked_into_early_goes_on_and_nothing_is_overdue_before_its_end() -> None:
    asked = given(decider, *p.APPROVED, p.issued()).when(WORD)
    again = asked.when(p.close_window(at=SOON, due_at=SOON)).then_types(DeadlineMoved)
    assert again.deadlines == {WINDOW: p.WINDOW_END}
    again.when(p.close_window()).then_types(RefundSettlementOverdue)


def test_t32_a_word_that_comes_with_the_payment_is_about_nothing_new() -> None:
    early = AskNow.of("evt_2", "o1", "rfd_9a31", SOON - timedelta(microseconds=1))
    given(decider, *p.APPROVED, p.issued()).when(early).then_nothing()
    given(decider, *p.APPROVED, p.issued()).when(p.settle()).when(early).then_nothing()
    given(decider, *p.APPROVED, p.issued(manual=True)).when(WORD).then_nothing()


def test_t32a_money_that_was_settled_and_fails_after_all_is_asked_after_at_the_provider_s_word_and_owed_again() -> None:
    asked = given(decider, *p.APPROVED, p.issued()).when(p.settle()).when(WORD)
    assert asked.deadlines == {WINDOW: SOON}
    call = still_awaited(asked.states[0], WINDOW[1])
    assert call and [each.idempotency_key for each in call.calls] == ["rfd_9a31/0"]
    stays = asked.when(p.close_window({"rfd_9a31"}, at=SOON, due_at=SOON)).then_types(RefundSettled)
    assert (stays.events[0].again, stays.deadlines, stays.states[0].refund("rfd_9a31").state) == (True, {}, "settled")
    back = asked.when(p.close_window(at=SOON, due_at=SOON, back={"rfd_9a31": "lost_or_stolen_card"}))
    assert back.then_types(RefundReturnedByBank).deadlines == {}
    back.when(p.retry(p.BUYER)).then_types(RefundRetried)


def test_t32a_s62_what_is_overdue_is_asked_after_at_the_provider_s_word_and_the_buyer_is_not_told_twice() -> None:
    later = p.WINDOW_END + MINUTE
    word = AskNow.of("evt_3", "o1", "rfd_9a31", later)
    asked = given(decider, *p.APPROVED, p.issued()).when(p.close_window()).when(word)
    assert asked.deadlines == {WINDOW: later}
    asked.when(p.close_window({"rfd_9a31"}, at=later, due_at=later)).then_types(RefundSettled)
    overdue = asked.when(p.close_window(at=later, due_at=later)).then_types(RefundSettlementOverdue)
    assert overdue.deadlines == {}
    assert list(notify(recorded(overdue.events[0], "payment-o1"))) == []


SECRET, NEXT = "whsec_of_this_endpoint_00", "whsec_of_this_endpoint_01"
EVENT = message("refund.updated", {"object": "refund", "id": "re_1", "metadata": {REFUND_ID: "rfd_9a31"}})


def by_stripe(body: str, secret: str = SECRET, at: int | None = None) -> dict[bytes, bytes]:
    """The headers of Stripe's message, in the SDK's own words."""
    at = int(time.time()) if at is None else at
    signed = sdk.WebhookSignature._compute_signature(f"{at}.{body}", secret)
    header = f"t={at},v1={signed},v0=of-another-scheme"
    sdk.WebhookSignature.verify_header(body, header, secret, None)
    return {b"stripe-signature": header.encode()}


def test_a_message_of_stripes_is_understood_under_the_old_secret_and_the_new() -> None:
    assert REFUND_ID == GATEWAYS_NAME
    receive, body = stripe_webhooks([SECRET, NEXT]), json.dumps(EVENT)
    for secret in (SECRET, NEXT):
        assert receive(by_stripe(body, secret), body.encode(), time.time()) == Word("evt_1", "rfd_9a31")


@pytest.mark.parametrize("about", [{"object": "charge"}, {"object": "refund"}, {"object": "refund", "metadata": {}}])
def test_what_stripe_tells_of_others_is_about_no_refund_of_ours(about: dict[str, Any]) -> None:
    body = json.dumps(EVENT | {"data": {"object": about}})
    assert stripe_webhooks([SECRET])(by_stripe(body), body.encode(), time.time()).refund_id is None


def test_a_message_that_stripe_has_not_signed_or_signed_long_ago_is_untrusted() -> None:
    receive, body = stripe_webhooks([SECRET]), json.dumps(EVENT)
    wrong: list[dict[bytes, bytes]] = [
        {},
        {b"stripe-signature": b"t=1"},
        {b"stripe-signature": b"v1="},
        by_stripe(body, NEXT),
        by_stripe(body + " "),
        by_stripe(body, at=int(time.time() - AGE - 1)),
    ]
    for headers in wrong:
        with pytest.raises(Untrusted):
            receive(headers, body.encode(), time.time())


def test_what_stripe_signs_and_is_no_event_is_malformed() -> None:
    with pytest.raises(Malformed):
        stripe_webhooks([SECRET])(by_stripe("[]"), b"[]", time.time())


@pytest.mark.parametrize(
    "setting",
    [
        "stripe",
        "stripe+hush",
        "sandbox+hush",
        "sandbox+whsec_aHVzaA==",
        "sandbox+whsec_!hush",
        "paypal+whsec_hush",
        f"stripe+{SECRET},hush",
    ],
)
def test_a_setting_that_is_wrong_ends_the_process_with_one_line_without_the_secret(setting: str) -> None:
    with pytest.raises(SystemExit) as ended:
        receiver_of(setting)
    line = str(ended.value)
    assert line.startswith("MAKEWHOLE_WEBHOOKS: ") and "\n" not in line and "hush" not in line
