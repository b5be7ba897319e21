"""Who may do what: every operation that the services describe, asked by everybody who may not (the rows below are all
of them).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ops.orders.evidence import picture
from tests.e2e.client import SERVICES, Answer, Json, Services
from tests.e2e.deals import counter, ordered, usd
from tests.e2e.log import Logs, unchanged
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e

ROLES = ("buyer", "seller", "case_team", "support", "warehouse", "service", "ops")
SEES_NOTHING = "warehouse"
"""The role that oversees no dispute and no refund. Returns are what it is for, so their rows name another."""


@dataclass(frozen=True, slots=True)
class Row:
    """How an operation is called; `is_list` says that a stranger sees an empty list instead of a 404."""

    body: Json | None = None
    is_list: bool = False
    blind: str = SEES_NOTHING
    is_upload: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return {"Idempotency-Key": "a-key-of-the-matrix", "If-Match": '"1"'}


QUESTIONS: Json = {"from": "buyer", "questions": [{"key": "box", "text": "Was the box open?"}]}
RULING: Json = {"outcome": "seller_favour", "rules": ["S12"], "weights": {}, "text": "It is as described."}
ROWS: dict[tuple[str, str, str], Row] = {
    ("dispute", "PUT", "/v1/orders/{order_id}"): Row({"buyer_id": "b"}),
    ("dispute", "POST", "/v1/orders/{order_id}/facts"): Row({"type": "finished", "at": "2026-01-01T00:00:00Z"}),
    ("dispute", "POST", "/v1/orders/{order_id}/captures"): Row(
        {"capture_id": "c", "amount": {"amount": "1.00", "currency": "USD"}, "captured_at": "2026-01-01T00:00:00Z"}
    ),
    ("dispute", "GET", "/v1/orders/{order_id}/status"): Row(),
    ("dispute", "POST", "/v1/orders/{order_id}/seller-reports"): Row({"kind": "other", "text": "It was rude."}),
    ("dispute", "GET", "/v1/orders/{order_id}/texts/{ref}"): Row(),
    ("dispute", "GET", "/v1/orders/{order_id}/goodwill"): Row(),
    ("dispute", "POST", "/v1/orders/{order_id}/goodwill"): Row(
        {"type": "refund_only", "lines": [{"line_id": "1"}], "amount": {"amount": "1.00", "currency": "USD"}}
    ),
    ("dispute", "POST", "/v1/orders/{order_id}/goodwill/{goodwill_id}/replacement-shipment"): Row(
        {"tracking_number": "RR123456785ES"}
    ),
    ("dispute", "POST", "/v1/orders/{order_id}/goodwill/{goodwill_id}/replacement-receipt"): Row(),
    ("dispute", "POST", "/v1/orders/{order_id}/returns"): Row({"kind": "statutory", "lines": [{"line_id": "1"}]}),
    ("dispute", "POST", "/v1/disputes"): Row({"order_id": "{order_id}"}),
    ("dispute", "GET", "/v1/disputes"): Row(is_list=True),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/response"): Row(counter("20.00")),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/acceptance"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/modification"): Row({"amount": usd("30.00")}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/cancellation"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/escalation"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/statement"): Row({"complete": True}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/claim"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/release"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/review"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/evidence-request"): Row(QUESTIONS),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/decision"): Row(RULING),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/appeal"): Row({"ground": "It was another item."}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/override"): Row(
        {"action": "close", "ticket": "CASE-4711", "reason": "The carrier has found it."}
    ),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/appeal-decision"): Row(RULING | {"decision": "upheld"}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/survey"): Row({"rating": 4}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/replacement-shipment"): Row({"tracking_number": "RR1ES"}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/replacement-receipt"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/late-arrival"): Row({"arrived_at": "2026-03-02T10:00:00Z"}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/repayment"): Row({"amount": usd("30.00"), "way": "platform"}),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/repayment-receipt"): Row(),
    ("dispute", "GET", "/v1/clawbacks"): Row(is_list=True),
    ("dispute", "GET", "/v1/return-reasons"): Row(is_list=True),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/messages"): Row({"text": "Where is it?"}),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/messages"): Row(),
    ("dispute", "GET", "/v1/queue"): Row(is_list=True),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/decisions/{decision_id}"): Row(),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/decisions/{decision_id}/recomputation"): Row(),
    ("dispute", "GET", "/v1/disputes/{dispute_id}"): Row(),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/history"): Row(),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/texts/{ref}"): Row(),
    ("refund", "GET", "/v1/refunds"): Row(is_list=True),
    ("refund", "GET", "/v1/refund-destinations/{order_id}"): Row(),
    ("refund", "POST", "/v1/refund-destinations/{order_id}"): Row({"destination": "original"}),
    ("refund", "GET", "/v1/refunds/{refund_id}"): Row(),
    ("refund", "GET", "/v1/refunds/{refund_id}/texts/{ref}"): Row(),
    ("refund", "POST", "/v1/refunds/{refund_id}/retry"): Row(),
    ("refund", "POST", "/v1/refunds/{refund_id}/abandonment"): Row({"ticket": "CASE-4711", "reason": "It was paid."}),
    ("refund", "POST", "/v1/refunds/{refund_id}/re-request"): Row({"ticket": "CASE-4711", "reason": "Some is free."}),
    ("refund", "POST", "/v1/refunds/{refund_id}/manual-payment"): Row(
        {
            "bank_reference": "B1",
            "paid_at": "2026-03-02T10:00:00Z",
            "ticket": "CASE-4711",
            "reason": "Its card is closed.",
        }
    ),
    ("refund", "POST", "/v1/refunds/{refund_id}/doubt"): Row(
        {"found": "not_paid", "ticket": "CASE-4711", "reason": "The provider has no such payment."}
    ),
    ("refund", "POST", "/v1/chargebacks"): Row(
        {
            "order_id": "{order_id}",
            "chargeback_id": "another",
            "amount": usd("1.00"),
            "opened_at": "2026-03-02T10:00:00Z",
        }
    ),
    ("refund", "GET", "/v1/chargebacks"): Row(is_list=True),
    ("refund", "GET", "/v1/chargebacks/{chargeback_id}"): Row(),
    ("refund", "POST", "/v1/chargebacks/{chargeback_id}/result"): Row(
        {"order_id": "{order_id}", "result": "buyer_not_paid", "resolved_at": "2026-03-02T10:00:00Z"}
    ),
    ("refund", "POST", "/v1/chargebacks/{chargeback_id}/representment"): Row({"ticket": "CASE-4711"}),
    ("return_label", "GET", "/v1/returns"): Row(is_list=True, blind="buyer"),
    ("return_label", "GET", "/v1/returns/{return_id}"): Row(blind="buyer"),
    ("return_label", "GET", "/v1/returns/{return_id}/history"): Row(blind="buyer"),
    ("return_label", "GET", "/v1/returns/{return_id}/label"): Row(blind="buyer"),
    ("return_label", "POST", "/v1/returns/{return_id}/label"): Row(blind="buyer"),
    ("return_label", "POST", "/v1/returns/{return_id}/void"): Row(blind="buyer"),
    ("return_label", "POST", "/v1/returns/{return_id}/label/cancellation"): Row({"label_id": "lbl_1"}, blind="buyer"),
    ("return_label", "POST", "/v1/returns"): Row(
        {"order_id": "{order_id}", "kind": "statutory", "lines": [{"line_id": "1"}]}, blind="buyer"
    ),
    ("return_label", "GET", "/v1/buyers/{buyer_id}/label-quota"): Row(blind="buyer"),
    ("return_label", "PUT", "/v1/buyers/{buyer_id}/return-limit"): Row(
        {"scope": "labels", "reason": "Worn.", "until_at": "2036-01-01T00:00:00Z"}, blind="buyer"
    ),
    ("return_label", "DELETE", "/v1/buyers/{buyer_id}/return-limit"): Row(blind="buyer"),
    ("return_label", "GET", "/v1/returns/{return_id}/texts/{ref}"): Row(blind="buyer"),
    ("return_label", "POST", "/v1/returns/{return_id}/shipment"): Row({"tracking_number": "RR1DE"}, blind="buyer"),
    ("return_label", "POST", "/v1/returns/{return_id}/receipt"): Row(blind="seller"),
    ("return_label", "POST", "/v1/returns/{return_id}/loss"): Row(blind="buyer"),
    ("return_label", "POST", "/v1/returns/{return_id}/inspection"): Row({"result": "pass"}, blind="seller"),
    ("return_label", "POST", "/v1/returns/{return_id}/response"): Row({"decision": "accept"}, blind="seller"),
    ("dispute", "GET", "/v1/orders/{order_id}/deadlines"): Row(),
    ("dispute", "GET", "/v1/orders/{order_id}/eligibility"): Row(),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/deadlines"): Row(),
    ("dispute", "POST", "/v1/warranties"): Row({"order_id": "{order_id}", "line_id": "1", "fault": "It is broken."}),
    ("dispute", "GET", "/v1/warranties"): Row(is_list=True),
    ("dispute", "GET", "/v1/orders/{order_id}/warranties"): Row(),
    ("dispute", "GET", "/v1/warranties/{warranty_id}"): Row(),
    ("dispute", "GET", "/v1/warranties/{warranty_id}/deadlines"): Row(),
    ("dispute", "GET", "/v1/warranties/{warranty_id}/texts/{ref}"): Row(),
    ("dispute", "POST", "/v1/warranties/{warranty_id}/assessment"): Row(
        {"result": "refused", "rules": ["T41"], "text": "It is not faulty."}
    ),
    ("dispute", "POST", "/v1/warranties/{warranty_id}/fulfilment"): Row({"note": "It was repaired."}),
    ("dispute", "GET", "/v1/notifications"): Row(is_list=True),
    ("refund", "GET", "/v1/notifications"): Row(is_list=True),
    ("return_label", "GET", "/v1/notifications"): Row(is_list=True),
    ("dispute", "POST", "/v1/orders/{order_id}/evidence"): Row(is_upload=True, blind="service"),
    ("dispute", "GET", "/v1/orders/{order_id}/evidence/{evidence_id}"): Row(),
    ("dispute", "GET", "/v1/orders/{order_id}/evidence/{evidence_id}/texts/{ref}"): Row(),
    ("dispute", "DELETE", "/v1/orders/{order_id}/evidence/{evidence_id}"): Row(),
    ("dispute", "POST", "/v1/disputes/{dispute_id}/evidence"): Row(is_upload=True),
    ("dispute", "GET", "/v1/disputes/{dispute_id}/evidence/{evidence_id}"): Row(),
    ("dispute", "DELETE", "/v1/disputes/{dispute_id}/evidence/{evidence_id}"): Row(),
}
FOR_ANYBODY = {("dispute", "GET", path) for path in ("/v1/programmes", "/v1/programmes/{programme_id}")}
BY_SIGNATURE = {("refund", "POST", "/v1/webhooks/psp"), ("return_label", "POST", "/v1/webhooks/carrier")}
"""Without a token, and with the provider's own signature (tests/services/refund/test_webhooks.py), or the carrier's
(tests/services/return_label/carriers/test_scans.py).
"""


@pytest.fixture(scope="module")
async def documents(services: Services) -> dict[str, Any]:
    """The services' own descriptions."""
    return {service: (await services.send(service, "GET", "/openapi.json")).ok().body for service in SERVICES}


@pytest.fixture(scope="module")
async def ids(services: Services) -> dict[str, str]:
    """An order with a dispute that was agreed and refunded, and the return of another one that goes on."""
    refunded = await (await ordered(services)).opened()
    await refunded.respond({"decision": "accept"})
    sent_back = await (await ordered(services)).opened(type="return_and_refund")
    return_id = (await sent_back.respond({"decision": "accept"}))["return_id"]
    done = await refunded.closed()
    chargeback_id = await (await ordered(services)).taken_back()
    await sent_back.when(lambda answer: answer["version"] >= 5)
    await services.at_rest()
    return {
        "order_id": refunded.deal.order_id,
        "dispute_id": refunded.id,
        "ref": done["description"]["ref"],
        "refund_id": done["refunds"][0]["id"],
        "chargeback_id": chargeback_id,
        "return_id": return_id,
        "buyer_id": sent_back.deal.buyer.sub,
        "evidence_id": "evd_" + 32 * "0",
        "goodwill_id": "gdw_" + 32 * "0",
        "warranty_id": "wty_" + 32 * "0",
        "decision_id": done["decisions"][0]["id"],
    }


@pytest.fixture
async def nothing_is_recorded(logs: Logs, ids: dict[str, str]) -> AsyncIterator[None]:
    async with unchanged(logs):
        yield


async def test_every_operation_has_a_row_and_every_row_an_operation(documents: dict[str, Any]) -> None:
    described = {
        (service, method.upper(), path)
        for service, document in documents.items()
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert described == set(ROWS) | FOR_ANYBODY | BY_SIGNATURE


@pytest.mark.usefixtures("nothing_is_recorded")
@pytest.mark.parametrize("operation", ROWS, ids=" ".join)
async def test_without_a_good_token_nobody_gets_anywhere(
    services: Services, ids: dict[str, str], operation: tuple[str, str, str]
) -> None:
    for what, credentials in (await bad_credentials(services)).items():
        headers = {} if credentials is None else {"Authorization": credentials}
        answer = await called(services, ids, operation, headers)
        is_one_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer "), what


@pytest.mark.usefixtures("nothing_is_recorded")
@pytest.mark.parametrize("operation", ROWS, ids=" ".join)
async def test_a_role_that_it_is_not_for_is_refused(
    services: Services, ids: dict[str, str], documents: dict[str, Any], operation: tuple[str, str, str]
) -> None:
    service, method, path = operation
    allowed = documents[service]["paths"][path][method.lower()]["x-roles"]
    for role in sorted(set(ROLES) - set(allowed)) if allowed else ():
        is_one_problem(await called_by(services, ids, operation, "somebody", role), 403, "forbidden")
    nobody = await called_by(services, ids, operation, "somebody")
    if allowed:
        is_one_problem(nobody, 403, "forbidden")
    else:
        sees_nothing(nobody, operation)


@pytest.mark.usefixtures("nothing_is_recorded")
@pytest.mark.parametrize("operation", ROWS, ids=" ".join)
async def test_for_a_stranger_there_is_no_such_thing(
    services: Services, ids: dict[str, str], documents: dict[str, Any], operation: tuple[str, str, str]
) -> None:
    service, method, path = operation
    allowed = documents[service]["paths"][path][method.lower()]["x-roles"]
    for role in ("buyer", "seller", ROWS[operation].blind):
        if not allowed or role in allowed:
            sees_nothing(await called_by(services, ids, operation, "another", role), operation)


TWO_SELLERS = [
    {"line_id": "1", "price": usd("30.00")},
    {"line_id": "2", "price": usd("20.00"), "seller_id": "the-other-seller"},
]


async def test_who_sells_another_line_of_the_order_sees_that_line_and_nothing_of_the_dispute(
    services: Services,
) -> None:
    deal = await ordered(services, lines=TWO_SELLERS)
    opened = (await deal.open(amount=usd("30.00"))).ok(201)
    other = services.party("the-other-seller", "seller")
    status = (await deal.status(other, opened.position)).ok()
    assert [line["line_id"] for line in status["lines"]] == ["2"]
    assert (status["disputes"], status["open_dispute"], status["label"]) == ([], None, None)
    assert (await deal.status(at_least=opened.position)).ok()["open_dispute"] == opened["id"]
    path = f"/v1/disputes/{opened['id']}"
    ref = opened["description"]["href"]
    for asked in (
        await other.get(path),
        await other.get(f"{path}/history"),
        await other.get(ref),
        await other.post(f"{path}/cancellation"),
    ):
        assert asked.refused == (404, "not_found")
    assert (await other.get(f"/v1/disputes?order_id={deal.order_id}")).ok()["data"] == []
    second = (await deal.open(amount=usd("20.00"), lines=[{"line_id": "2"}])).ok(201)
    assert (await other.get(f"/v1/disputes/{second['id']}")).ok()["seller_id"] == "the-other-seller"
    assert (await deal.seller.get(f"/v1/disputes/{second['id']}")).refused == (404, "not_found")


def sees_nothing(answer: Answer, operation: tuple[str, str, str]) -> None:
    """404 for one thing, nothing at all in a list."""
    if ROWS[operation].is_list:
        assert answer.ok().body == {"data": [], "next_cursor": None}
    else:
        is_one_problem(answer, 404, "not_found")


async def called_by(
    services: Services, ids: dict[str, str], operation: tuple[str, str, str], sub: str, *roles: str
) -> Answer:
    return await called(services, ids, operation, {"Authorization": f"Bearer {await services.token(sub, *roles)}"})


async def called(
    services: Services, ids: dict[str, str], operation: tuple[str, str, str], headers: dict[str, str]
) -> Answer:
    """The operation on the things of the fixture, with a body that fits it as far as it is read."""
    service, method, path = operation
    row = ROWS[operation]
    body = {name: value.format(**ids) if isinstance(value, str) else value for name, value in (row.body or {}).items()}
    if operation[1:] == ("POST", "/v1/disputes"):
        body |= {
            "lines": [{"line_id": "1"}],
            "reason": "not_received",
            "type": "refund_only",
            "amount": usd("5.00"),
            "description": "nothing",
        }
    if method == "GET":
        return await services.send(service, method, path.format(**ids), headers=headers)
    sent: Json = {"data": _a_file()} if row.is_upload else {"json": body or None}
    return await services.send(service, method, path.format(**ids), headers=row.headers | headers, **sent)


def _a_file() -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", picture("a file of the matrix"), filename="shown.png")
    return form


async def bad_credentials(services: Services) -> dict[str, str | None]:
    """Everything that is no token of the issuer's for us, by what is wrong with it."""
    good = await services.token("shop", "service")
    kid = jwt.get_unverified_header(good)["kid"]
    claims = jwt.decode(good, options={"verify_signature": False})
    head, payload, signature = good.split(".")
    mine = ec.generate_private_key(ec.SECP256R1())
    nobody = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT", "kid": kid}).encode()).rstrip(b"=").decode()
    )
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "root"}).encode()).rstrip(b"=").decode()
    assert claims["exp"] > time.time()
    return {
        "none at all": None,
        "expired": f"Bearer {await services.token('shop', 'service', expires_in=-1)}",
        "garbage": "Bearer garbage",
        "empty": "Bearer ",
        "another scheme": "Basic c2hvcDpzaG9w",
        "algorithm none": f"Bearer {nobody}.{payload}.",
        "another's key under the issuer's name": f"Bearer {jwt.encode(claims, mine, 'ES256', headers={'kid': kid})}",
        "another's key": f"Bearer {jwt.encode(claims, mine, 'ES256', headers={'kid': 'mine'})}",
        "a shared secret": f"Bearer {jwt.encode(claims, kid * 2, 'HS256', headers={'kid': kid})}",
        "other claims under the signature": f"Bearer {head}.{other}.{signature}",
    }
