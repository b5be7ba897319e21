"""What people write is read by the parties and by nobody else: it is in no log, no event and no topic."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import pytest

from tests.e2e.client import SERVICES, Answer, Party, Services, eventually
from tests.e2e.conftest import Stack
from tests.e2e.deals import Dispute, counter, ordered, split, usd
from tests.e2e.log import Logs
from tests.e2e.topics import read_all

pytestmark = pytest.mark.e2e

CANARY = f"canary-{secrets.token_hex(12)}"


def secret(field: str) -> str:
    """What is written into a field; found anywhere else, it says where it came from."""
    return f"{CANARY} {field}"


@dataclass(frozen=True, slots=True)
class Told:
    """A text that was written: where it can be read, by whom it is read and what it says."""

    service: str
    href: str
    readers: tuple[Party, ...]
    text: str


@pytest.fixture(scope="module")
async def told(services: Services) -> list[Told]:
    """One text in every free-text field that the services take, those of refused requests included."""
    deal = await ordered(
        services,
        return_address=secret("return address"),
        lines=[{"line_id": "1", "price": usd("50.00"), "sku": "sku-1"}],
    )
    dispute = await deal.opened(type="return_and_refund", description=secret("description"))
    parties = (deal.buyer, deal.seller, services.party("team", "case_team"))
    asked = (await dispute.show())["description"]["href"]
    offered = await dispute.respond(
        counter("20.00", "return_and_refund", address=secret("address")) | {"reason": secret("seller's reason")}
    )
    modified = await dispute.modify(description=secret("modification"))
    await dispute.respond(counter("30.00", "return_and_refund"))
    agreed = await dispute.accept()
    sent_back = await inspected(services, dispute, agreed["return_id"], secret("inspection note"))
    await services.at_rest()
    await refused(dispute)
    written = await mediated(services)
    await services.at_rest()
    return [
        Told("dispute", asked, parties, secret("description")),
        Told("dispute", offered["seller_reason"]["href"], parties, secret("seller's reason")),
        Told("dispute", offered["solution"]["address"]["href"], parties, secret("address")),
        Told("dispute", modified["description"]["href"], parties, secret("modification")),
        Told("dispute", f"{dispute.path}/texts/{sent_back['address_ref']}", parties, secret("return address")),
        Told(
            "return_label",
            sent_back["inspection"]["note"]["href"],
            (*parties, warehouse_of(services)),
            secret("inspection note"),
        ),
        *written,
    ]


async def mediated(services: Services) -> list[Told]:
    """What is written from the escalation to the decision of an appeal, and the buyer's word on it."""
    dispute = await (await ordered(services)).opened()
    buyer, seller, reviewer = dispute.deal.buyer, dispute.deal.seller, dispute.reviewer
    await dispute.respond(counter("20.00"))
    (await dispute.command(buyer, "escalation", {"reason": secret("escalation")})).ok()
    (await dispute.command(seller, "messages", {"text": secret("message")})).ok(201)
    await dispute.state(seller, answers={"packing": secret("statement")}, complete=True)
    await dispute.state(buyer)
    question = {"key": "box", "text": secret("question")}
    asked = {"from": "buyer", "questions": [question]}
    (await dispute.command(reviewer, "evidence-request", asked)).ok()
    await dispute.state(buyer, answers={"box": secret("answer")}, complete=True)
    await dispute.decide(split("30.00", text=secret("ruling")))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    (await dispute.command(buyer, "survey", {"rating": 4, "text": secret("survey")})).ok()
    for party, ground in ((buyer, "buyer's ground"), (seller, "seller's ground")):
        (await dispute.command(party, "appeal", {"ground": secret(ground)})).ok()
    amended = split("35.00", decision="amended", text=secret("amended ruling"))
    decided = await dispute.decide(amended, services.party("reviewer-2", "case_team"), "appeal-decision")
    return await read_by_all(dispute, services.party("team", "case_team"), decided.position)


async def read_by_all(dispute: Dispute, team: Party, position: str) -> list[Told]:
    """Where both parties and the case team read it; what the buyer said of the team is not the seller's to read."""
    shown = await dispute.show()
    [said] = (await dispute.deal.seller.get(f"{dispute.path}/messages")).ok()["data"]
    escalated = next(entry for entry in await dispute.history(position) if entry["action"] == "escalated")
    statements, decisions, appeals = shown["statements"], shown["decisions"], shown["appeals"]
    links = {
        "escalation": f"{dispute.path}/texts/{escalated['detail']['reason_ref']}",
        "message": said["text"]["href"],
        "statement": statements["seller"]["answers"]["packing"]["href"],
        "question": shown["evidence_requests"][0]["questions"][0]["text"]["href"],
        "answer": statements["buyer"]["answers"]["box"]["href"],
        "ruling": decisions[0]["text"]["href"],
        "buyer's ground": appeals[0]["ground"]["href"],
        "seller's ground": appeals[1]["ground"]["href"],
        "amended ruling": decisions[1]["text"]["href"],
    }
    readers = (dispute.deal.buyer, dispute.deal.seller, team)
    survey = Told("dispute", shown["survey"]["text"]["href"], (dispute.deal.buyer, team), secret("survey"))
    return [survey, *(Told("dispute", href, readers, secret(field)) for field, href in links.items())]


def warehouse_of(services: Services) -> Party:
    return services.party("warehouse-1", "warehouse")


async def inspected(services: Services, dispute: Dispute, return_id: str, note: str) -> Answer:
    """The goods go back and fail."""
    path, buyer, seller = f"/v1/returns/{return_id}", dispute.deal.buyer, dispute.deal.seller

    async def there() -> Answer:
        return await buyer.get(path, service="return_label")

    await eventually(there, lambda answer: answer.status == 200)
    (await buyer.post(f"{path}/shipment", {"tracking_number": "RR1DE"}, service="return_label")).ok()
    (await seller.post(f"{path}/receipt", service="return_label")).ok()
    answer = await seller.post(
        f"{path}/inspection", {"result": "fail", "fault": "damaged", "note": note}, service="return_label"
    )
    return answer.ok()


async def refused(dispute: Dispute) -> None:
    """Texts in requests that are refused, at the edge and by the domain: they end nowhere."""
    deal, seen = dispute.deal, (await dispute.show()).etag
    for body in (
        {"reason": secret("refused")},
        counter("9999.00") | {"reason": secret("refused")},
        {"decision": secret("refused")},
    ):
        assert (await deal.seller.post(f"{dispute.path}/response", body, seen=seen)).status in (409, 422)
    for body in ({"text": secret("refused"), "to": "nobody"}, {"text": secret("refused") + "\uff01"}):
        assert (await deal.buyer.post(f"{dispute.path}/messages", body)).status == 422
    assert (await deal.open(description=secret("refused"))).status == 409
    assert (await deal.buyer.get(f"{dispute.path}?colour={CANARY}")).status == 422
    assert (await deal.buyer.get(f"/v1/disputes/{CANARY}")).status == 404


async def test_a_party_reads_back_every_text_word_for_word(told: list[Told]) -> None:
    for text in told:
        for reader in text.readers:
            assert (await reader.get(text.href, text.service)).ok()["text"] == text.text


async def test_a_stranger_finds_no_text(told: list[Told], services: Services) -> None:
    for text in told:
        for stranger in (services.party("stranger", "buyer", "seller"), services.party(text.readers[0].sub, "seller")):
            assert (await stranger.get(text.href, text.service)).refused == (404, "not_found")


async def test_a_text_is_read_through_its_own_dispute_alone(told: list[Told], services: Services) -> None:
    other = await (await ordered(services, buyer_id=told[0].readers[0].sub)).opened()
    ref = told[0].href.rsplit("/", 1)[1]
    assert (await other.deal.buyer.get(f"{other.path}/texts/{ref}")).refused == (404, "not_found")


async def test_no_process_has_written_a_text_or_a_token_to_its_log(
    told: list[Told], services: Services, stack: Stack
) -> None:
    logs = sorted(path for path in stack.state.rglob("*.log*") if path.is_file())
    assert {
        "dispute",
        "dispute-worker",
        "refund",
        "refund-worker",
        "return_label",
        "return_label-worker",
        "sandbox",
        "console",
    } <= {path.name.split(".")[0] for path in logs}
    token = await services.token(told[0].readers[0].sub, *told[0].readers[0].roles)
    for secret_thing in (CANARY, token.rsplit(".", 1)[1]):
        assert not [path.name for path in logs if secret_thing.encode() in path.read_bytes()]


async def test_no_record_of_any_topic_holds_a_text(told: list[Told], stack: Stack) -> None:
    records = await asyncio.to_thread(read_all, stack.kafka)
    assert {record.topic for record in records} >= {"dispute.events", "refund.events", "return_label.events"}
    assert not [
        record
        for record in records
        if CANARY.encode() in b"".join([record.key, record.value, *(value for _, value in record.headers)])
    ]


async def test_no_table_but_the_one_for_texts_holds_a_text(told: list[Told], logs: Logs) -> None:
    for service in SERVICES:
        tables = await logs.rows(service, "select tablename from pg_tables where schemaname = 'public'")
        for (table,) in [tuple(row.values()) for row in tables]:
            found = await logs.rows(
                service, f'select count(*) as n from "{table}" t where t::text like $1', f"%{CANARY}%"
            )
            expected = {"dispute": 15, "return_label": 1}.get(service, 0) if table == "personal" else 0
            assert (service, table, found[0]["n"]) == (service, table, expected)


async def test_no_metric_and_no_page_shows_a_text(told: list[Told], services: Services) -> None:
    for service in ("dispute", "refund", "return_label", "sandbox"):
        assert CANARY not in (await services.send(service, "GET", "/metrics")).raw.decode()
    for service in SERVICES:
        assert CANARY not in (await services.send(service, "GET", "/metrics", worker=True)).raw.decode()
    order_id = (await told[0].readers[0].get("/v1/disputes"))["data"][-1]["order_id"]
    page = await services.send("console", "GET", f"/?order={order_id}")
    assert order_id in page.raw.decode()
    assert CANARY not in page.raw.decode()
