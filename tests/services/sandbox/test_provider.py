"""Payment provider: as strict as a real one with captures, refunds, keys and its ledger."""

import asyncio
import csv
from typing import Any

import asyncpg
import pytest

from tests.support.servers.sandbox import Answered, Served, money


async def test_a_capture_is_booked_once_however_often_it_is_sent(provider: Served, o1: str) -> None:
    first = await provider.capture(o1, "10.00")
    again = await provider.capture(o1, "10.00")
    assert (first.status, again.status) == (201, 201)
    booked = {"order_id": o1, "payment_id": o1, "capture_id": None, "amount": money("10.00"), "at": first.body["at"]}
    assert first.body == again.body == booked
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [line["kind"] for line in await provider.ledger(order_id=o1)] == ["capture"]


async def test_a_payment_is_not_captured_again_with_another_amount_or_currency(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    euros = {"capture_id": "cap-1", "amount": money("1.00", "EUR")}
    for other in (await provider.capture(o1, "11.00"), await provider.capture(o1, "1.00", **euros)):
        assert (other.status, other.body["code"]) == (409, "payment_captured_differently")


async def test_a_payment_for_several_orders_gives_each_back_its_own_share(provider: Served, o1: str, o2: str) -> None:
    await provider.capture(o1, "10.00")
    await provider.capture(o1, "5.00", order_id=o2)
    above = await provider.refund(o1, "5.01", f"{o2}-1/0", refund_id=f"{o2}-1", order_id=o2)
    whole = await provider.refund(o1, "5.00", f"{o2}-2/0", refund_id=f"{o2}-2", order_id=o2)
    other = await provider.refund(o1, "10.00", f"{o1}-1/0")
    assert [(answer.status, answer.body["code"]) for answer in (above, whole, other)] == [
        (402, "amount_exceeds_capture"),
        (201, None),
        (201, None),
    ]
    assert [line["kind"] for line in await provider.ledger(payment_id=o1)] == ["capture", "capture", "refund", "refund"]


async def test_what_is_taken_of_a_payment_later_is_booked_once_a_capture_and_may_be_given_back(
    provider: Served, o1: str
) -> None:
    await provider.capture(o1, "10.00")
    later = [await provider.capture(o1, "5.00", capture_id="cap-1") for _ in range(2)]
    assert [answer.status for answer in later] == [201, 201]
    assert [line["amount"]["amount"] for line in await provider.ledger(order_id=o1)] == ["10.00", "5.00"]
    assert (await provider.refund(o1, "15.01", f"{o1}-1/0")).status == 402
    assert (await provider.refund(o1, "15.00", f"{o1}-2/0")).status == 201


async def test_a_refund_is_paid_and_booked_under_its_key(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    paid = await provider.refund(o1, "4.00", f"{o1}-1/0", destination="bonus")
    assert paid.status == 201
    assert paid.body == {
        "refund_id": f"{o1}-1",
        "payment_id": o1,
        "order_id": o1,
        "amount": money("4.00"),
        "destination": "bonus",
        "idempotency_key": f"{o1}-1/0",
        "status": "succeeded",
        "code": None,
        "detail": None,
        "bank": "settled",
        "at": paid.body["at"],
    }
    line = (await provider.ledger(order_id=o1))[-1]
    assert line == {
        "id": line["id"],
        "kind": "refund",
        "order_id": o1,
        "payment_id": o1,
        "refund_id": f"{o1}-1",
        "idempotency_key": f"{o1}-1/0",
        "destination": "bonus",
        "amount": money("4.00"),
        "at": paid.body["at"],
    }


async def test_a_repeat_gets_the_first_answer_also_when_nothing_is_left_to_refund(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    first = await provider.refund(o1, "10.00", f"{o1}-1/0")
    again = await provider.refund(o1, "10.00", f"{o1}-1/0")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (201, first.body, "true")
    assert len(await provider.ledger(order_id=o1)) == 2


async def test_a_key_is_not_taken_for_another_refund(provider: Served, o1: str, o2: str) -> None:
    await provider.capture(o1, "10.00")
    await provider.capture(o2, "10.00")
    await provider.refund(o1, "4.00", f"{o1}-1/0")
    for other in (await provider.refund(o1, "5.00", f"{o1}-1/0"), await provider.refund(o2, "4.00", f"{o1}-1/0")):
        assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert [line["kind"] for line in await provider.ledger(order_id=o1)] == ["capture", "refund"]
    assert len(await provider.ledger(order_id=o2)) == 1


async def test_a_refund_without_a_key_is_refused(provider: Served, o1: str) -> None:
    refused = await provider.post(
        "/psp/refunds", {"refund_id": "r", "payment_id": o1, "order_id": o1, "amount": money("1.00")}
    )
    assert (refused.status, refused.body["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("amount_exceeds_capture", {"amount": money("10.01")}),
        ("payment_unknown", {"payment_id": "p9"}),
        ("order_differs", {"order_id": "o9"}),
        ("currency_differs", {"amount": money("1.00", "EUR")}),
    ],
)
async def test_what_the_books_do_not_cover_is_declined_for_good(
    provider: Served, o1: str, code: str, changed: dict[str, Any]
) -> None:
    await provider.capture(o1, "10.00")
    declined = await provider.refund(o1, "1.00", f"{o1}-1/0", **changed)
    assert (declined.status, declined.body["status"], declined.body["code"]) == (402, "declined", code)
    assert [line["kind"] for line in await provider.ledger(order_id=o1)] == ["capture"]


async def test_a_decline_is_the_keys_answer_for_ever_and_a_new_key_may_pay(provider: Served, o1: str) -> None:
    declined = await provider.refund(o1, "4.00", f"{o1}-1/0")
    await provider.capture(o1, "10.00")
    again = await provider.refund(o1, "4.00", f"{o1}-1/0")
    assert (again.status, again.body) == (402, declined.body)
    paid = await provider.refund(o1, "4.00", f"{o1}-1/1")
    assert paid.status == 201
    found = (await provider.get(f"/psp/refunds/{o1}-1")).body
    assert (found["status"], found["idempotency_key"]) == ("succeeded", f"{o1}-1/1")
    assert [attempt["status"] for attempt in found["attempts"]] == ["declined", "succeeded"]


async def answered(provider: Served, order: str, back: str, key: str) -> Answered:
    """The refund's answer. Who waits too long for the payment's row is told to come back, and does with the same key,
    as every client has to: a busy disk makes fifty in a row wait for seconds.
    """
    while (answer := await provider.refund(order, back, key)).status == 503:
        assert answer.body["code"] == "busy"
    return answer


async def test_concurrent_refunds_never_exceed_the_capture(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    answers = await asyncio.gather(*(answered(provider, o1, "1.00", f"{o1}-{n}/0") for n in range(50)))
    assert sorted(answer.status for answer in answers) == [201] * 10 + [402] * 40
    assert len(await provider.ledger(order_id=o1)) == 11


async def test_concurrent_repeats_of_one_key_pay_once(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    answers = await asyncio.gather(*(answered(provider, o1, "1.00", f"{o1}-1/0") for _ in range(30)))
    assert {answer.status for answer in answers} == {201}
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(await provider.ledger(order_id=o1)) == 2


async def test_two_keys_are_two_refunds_as_with_any_provider(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    for key in (f"{o1}-1/0", f"{o1}-1/1"):
        assert (await provider.refund(o1, "4.00", key)).status == 201
    assert [line["amount"]["amount"] for line in await provider.ledger(payment_id=o1)] == ["10.00", "4.00", "4.00"]


async def test_a_refund_is_found_by_its_key_and_by_its_id(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    paid = (await provider.refund(o1, "4.00", f"{o1}-1/0")).body
    assert (await provider.get("/psp/refunds", idempotency_key=f"{o1}-1/0")).body == {"data": [paid]}
    assert (await provider.get("/psp/refunds", idempotency_key=f"{o1}-2/0")).body == {"data": []}
    assert (await provider.get(f"/psp/refunds/{o1}-1")).body == {**paid, "attempts": [paid]}
    assert (await provider.get(f"/psp/refunds/{o1}-2")).status == 404


async def test_the_ledger_is_read_by_order_by_payment_in_pages_and_backwards(provider: Served, o1: str) -> None:
    orders = [f"{o1}-{n}" for n in range(4)]
    before = len(await provider.ledger())
    for order in orders:
        await provider.capture(order, "10.00")
    lines = (await provider.ledger())[before:]
    assert [line["order_id"] for line in lines] == orders
    assert await provider.ledger(order_id=orders[2]) == await provider.ledger(payment_id=orders[2]) == [lines[2]]
    assert await provider.ledger(order_id=orders[2], payment_id=orders[1]) == []
    assert await provider.ledger(after=lines[0]["id"], limit=2) == lines[1:3]
    assert await provider.ledger(sort="-id", limit=2) == [lines[3], lines[2]]


@pytest.mark.parametrize(
    "amount",
    [
        money("0.00"),
        money("1.0"),
        money("1.000"),
        money("1", "JPY") | {"extra": "1"},
        money("1.00", "ABC"),
        {"amount": 1},
    ],
)
async def test_an_amount_that_no_bank_knows_is_refused(provider: Served, o1: str, amount: dict[str, object]) -> None:
    refused = await provider.post("/psp/captures", {"order_id": o1, "payment_id": o1, "amount": amount})
    assert (refused.status, refused.body["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger set minor = 1",
        "delete from ledger",
        "truncate ledger",
        "update payments set refunded = captured + 1",
    ],
)
async def test_the_books_cannot_be_changed_behind_the_providers_back(
    provider: Served, o1: str, database: str, statement: str
) -> None:
    await provider.capture(o1, "10.00")
    connection = await asyncpg.connect(database)
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute(statement)
    await connection.close()


async def test_a_day_has_a_report_of_its_movements_as_a_file_or_as_json(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    paid = await provider.refund(o1, "4.00", f"{o1}-1/0", destination="bonus")
    day = paid.body["at"][:10]
    file = await provider.get("/psp/report", day=day)
    assert (file.status, file.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    rows = [row for row in csv.DictReader(file.body.splitlines()) if row["order_id"] == o1]
    assert [(row["kind"], row["refund_id"], row["amount"], row["currency"]) for row in rows] == [
        ("capture", "", "10.00", "USD"),
        ("refund", f"{o1}-1", "4.00", "USD"),
    ]
    assert rows[1]["at"] == paid.body["at"]
    shown = (await provider.get("/psp/report", day=day, format="json")).body["data"]
    assert [line for line in shown if line["order_id"] == o1] == await provider.ledger(order_id=o1)
    assert (await provider.get("/psp/report", day="2026-01-01")).body.count("\n") == 1
    assert (await provider.get("/psp/report", day="2026-1-1")).status == 422


async def test_a_bank_sends_money_back_once_and_it_may_be_paid_anew_under_another_key(
    provider: Served, o1: str
) -> None:
    await provider.capture(o1, "10.00")
    paid = await provider.refund(o1, "10.00", f"{o1}-1/0")
    assert paid.body["bank"] == "under_way"
    back = await provider.post(f"/psp/refunds/{o1}-1/result", {"result": "returned"})
    assert (back.status, back.body["bank"]) == (200, "returned")
    assert (await provider.post(f"/psp/refunds/{o1}-1/result", {"result": "settled"})).status == 404
    assert (await provider.refund(o1, "10.00", f"{o1}-1/1")).status == 201
    booked = [(line["kind"], line["amount"]["amount"]) for line in await provider.ledger(order_id=o1)]
    assert booked == [("capture", "10.00"), ("refund", "10.00"), ("return", "10.00"), ("refund", "10.00")]


async def test_a_bank_credits_what_was_paid_and_nothing_else(provider: Served, o1: str) -> None:
    await provider.capture(o1, "10.00")
    assert (await provider.post(f"/psp/refunds/{o1}-1/result", {"result": "settled"})).status == 404
    await provider.refund(o1, "10.00", f"{o1}-1/0")
    credited = await provider.post(f"/psp/refunds/{o1}-1/result", {"result": "settled"})
    assert (credited.body["status"], credited.body["bank"]) == ("succeeded", "settled")
    assert [line["kind"] for line in await provider.ledger(order_id=o1)] == ["capture", "refund"]


async def test_a_bank_takes_money_back_on_demand_whatever_was_refunded_and_gives_it_back_once(
    provider: Served, o1: str
) -> None:
    await provider.capture(o1, "10.00")
    await provider.refund(o1, "4.00", f"{o1}-1/0")
    opened = await provider.post("/psp/chargebacks", {"order_id": o1, "amount": money("10.00"), "reason_code": "13.1"})
    assert (opened.status, opened.body["payment_id"], opened.body["result"]) == (201, o1, None)
    result = f"/psp/chargebacks/{opened.body['id']}/result"
    for word in ("buyer_not_paid", "buyer_paid"):
        assert (await provider.post(result, {"result": word})).body["result"] == "buyer_not_paid"
    kinds = [line["kind"] for line in await provider.ledger(order_id=o1)]
    assert kinds == ["capture", "refund", "chargeback", "chargeback_reversed"]


async def test_a_chargeback_of_no_payment_is_not_found(provider: Served, o1: str) -> None:
    assert (await provider.post("/psp/chargebacks", {"order_id": o1, "amount": money("1.00")})).status == 404
    assert (await provider.post("/psp/chargebacks/cb-9/result", {"result": "buyer_paid"})).status == 404
