"""A carrier's delivery of what a dispute says never came: evidence, told to both; it decides nothing (K9, S11)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.cancellation import open_disputes_of
from dispute.domain.orders.naming import NamedParcel
from dispute.domain.rejections import DisputesChanged, EvidenceRequired, ReasonNotCovered, UnexplainedDecision
from dispute.views.evidence import item_views
from shared.events.base import Event, wire_time
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import Decision, DisputeCancelled, Reason, RequestModified, SellerResponseTimedOut
from shared.events.evidence import CarrierScanAdded, EvidencePurpose
from shared.events.order import DeliveryCorrected, OrderDelivered, Pieces
from shared.rejections import NotFound
from tests.support.builders import mediation
from tests.support.builders.disputes import (
    agreed,
    cancel,
    countered,
    dispute_of,
    dispute_stream,
    expire,
    modify,
    open_dispute,
    opened,
    respond,
)
from tests.support.builders.evidence import remove, upload, upload_id
from tests.support.builders.orders import Histories, after, on, order, order_line, order_of, record
from tests.support.servers.in_memory import InMemory, came_of, in_memory
from tests.support.servers.in_memory_disputes import NOW, open_late
from tests.support.spec import Outcome, given

D1 = on("Mar 18", "00:00")
TWO_PARCELS = ("A", 2), ("B", 1)


def scanned(
    happened: Mapping[str, Sequence[Event]], at: str = "Mar 14", name: str = "delivered", **more: Any
) -> Outcome:
    """A carrier's fact, told at noon, with the disputes that are open."""
    open_disputes = open_disputes_of(order_of(happened))
    return given(decider, happened).when(record(name, on(at, "09:00"), told=on(at), disputes=open_disputes, **more))


def scan_of(outcome: Outcome, n: int = 1) -> CarrierScanAdded | None:
    scans = [event for event in outcome.by_stream.get(dispute_stream(n), ()) if isinstance(event, CarrierScanAdded)]
    assert len(scans) <= 1
    return scans[0] if scans else None


def pieces_of(scan: CarrierScanAdded | None) -> int:
    """How many pieces in dispute have come by it."""
    return sum(part.quantity or 0 for part in scan.lines) if scan else 0


def three(*disputes: int) -> Histories:
    """Three pieces of a line, two of them in parcel A and one in B; of so many pieces each dispute says none came."""
    parcels = [NamedParcel(tracking_number=name, lines=(Pieces(line_id="l1", quantity=n),)) for name, n in TWO_PARCELS]
    happened = after(
        order(order_line("l1", "30.00", quantity=3)), record("shipped", on("Mar 1"), parcels=tuple(parcels))
    )
    return after(
        happened,
        *(
            open_dispute(
                on("Mar 12"), n=n, amount=f"{10 * count}.00", lines=(RequestedLine(line_id="l1", quantity=count),)
            )
            for n, count in enumerate(disputes, 1)
        ),
    )


def of(name: str) -> tuple[NamedParcel, ...]:
    return (NamedParcel(tracking_number=name),)


def test_k9_a_scan_during_the_dispute_is_evidence_of_the_carriers() -> None:
    outcome = scanned(opened())
    assert [type(event) for event in outcome.by_stream["order-o1"]][0] is OrderDelivered
    scan = scan_of(outcome)
    assert scan is not None
    assert (scan.delivered_at, scan.added_at) == (on("Mar 14", "09:00"), on("Mar 14"))
    assert (scan.lines, scan.parcels, scan.rules) == ((Pieces(line_id="l1", quantity=1),), (), ("K9", "S11"))
    (item,) = item_views(dispute_of(outcome.after), frozenset())
    assert (item["by"], item["kind"], item["id"], item["sha256"]) == ("carrier", "scan", scan.evidence_id, None)


def test_k9_nothing_is_decided_by_it_and_d1_goes_on() -> None:
    happened = scanned(opened()).after
    dispute = dispute_of(happened)
    assert (dispute.state, dispute.due("seller_response")) == (DisputeState.AWAITING_SELLER, D1)
    assert SellerResponseTimedOut in map(type, given(decider, happened).when(expire("seller_response", D1)).events)


def test_k9_the_buyer_changes_the_reason_to_wrong_address_with_its_proof_or_cancels() -> None:
    happened = after(scanned(opened()).after, respond(Decision.REJECT, on("Mar 15")))
    wrong: dict[str, Any] = {"reason": Reason.WRONG_ADDRESS, "description": "It went next door."}
    given(decider, happened).when(modify(on("Mar 16"), **wrong)).then_rejects(EvidenceRequired)
    proof = upload(on("Mar 16"), purpose=EvidencePurpose.ADDRESS_MISMATCH)
    shown = modify(on("Mar 16"), **wrong, evidence=(upload_id(),))
    changed = given(decider, after(happened, proof)).when(shown)
    assert RequestModified in map(type, changed.events)
    assert DisputeCancelled in map(type, given(decider, happened).when(cancel(on("Mar 16"))).events)


def test_k9_s11_who_said_another_reason_does_not_say_now_that_nothing_came() -> None:
    late = after(opened(reason=Reason.LATE), respond(Decision.REJECT, on("Mar 13")))
    came = scanned(late)
    assert scan_of(came) is None
    refused = given(decider, came.after).when(modify(on("Mar 15"), reason=Reason.NOT_RECEIVED))
    assert refused.then_rejects(ReasonNotCovered).cited == ("S11",)


@pytest.mark.parametrize(("disputed", "parcel", "right"), [(2, "A", 2), (2, "B", 0), (3, "A", 2), (3, "B", 1)])
def test_k9_s109_of_two_parcels_the_one_in_dispute_alone_is_evidence(disputed: int, parcel: str, right: int) -> None:
    assert pieces_of(scan_of(scanned(three(disputed), parcels=of(parcel)))) == right


@pytest.mark.parametrize(
    ("disputed", "come", "right"), [(1, 1, 0), (1, 2, 0), (1, 3, 1), (2, 1, 0), (2, 2, 1), (3, 1, 1)]
)
def test_k9_s109_where_nothing_tells_which_pieces_they_are_those_in_dispute_come_last(
    disputed: int, come: int, right: int
) -> None:
    of_three = order(order_line("l1", "30.00", quantity=3), shipped="Mar 1")
    lines = (RequestedLine(line_id="l1", quantity=disputed),)
    happened = after(of_three, open_dispute(on("Mar 12"), amount=f"{10 * disputed}.00", lines=lines))
    loose = (NamedParcel(lines=(Pieces(line_id="l1", quantity=come),)),)
    assert pieces_of(scan_of(scanned(happened, parcels=loose))) == right


def test_k9_each_dispute_has_its_own_scan() -> None:
    happened = three(2, 1)
    first = scanned(happened, parcels=of("A"))
    assert (scan_of(first) is not None, scan_of(first, 2)) == (True, None)
    second = scanned(first.after, "Mar 15", parcels=of("B"))
    found = scan_of(second, 2)
    assert scan_of(second) is None and found is not None
    assert (found.parcels, found.delivered_at) == (("B",), on("Mar 15", "09:00"))


def test_k9_another_instant_of_what_had_come_is_no_scan_more() -> None:
    came = scanned(opened()).after
    corrected = scanned(came, "Mar 15", "delivery_corrected")
    assert DeliveryCorrected in map(type, corrected.by_stream["order-o1"])
    assert scan_of(corrected) is None
    assert scan_of(scanned(came, "Mar 15")) is None


def test_k9_a_delivery_that_is_told_first_as_a_correction_is_a_scan_too() -> None:
    assert scan_of(scanned(opened(), name="delivery_corrected")) is not None


STILL_OPEN: Sequence[tuple[Callable[[], Histories], str]] = (
    (opened, "Mar 14"),
    (countered, "Mar 14"),
    (mediation.escalated, "Mar 15"),
    (mediation.under_review, "Mar 18"),
    (mediation.decided, "Mar 19"),
    (lambda: after(mediation.decided(), mediation.appeal(on("Mar 19"))), "Mar 20"),
)


@pytest.mark.parametrize(("happened", "at"), STILL_OPEN)
def test_k9_as_long_as_somebody_may_still_decide_it_is_evidence(happened: Callable[[], Histories], at: str) -> None:
    assert scan_of(scanned(happened(), at)) is not None


@pytest.mark.parametrize(
    ("happened", "at"),
    [
        (agreed, "Mar 14"),
        (lambda: after(mediation.decided(), expire("appeal", mediation.D6)), "Mar 27"),
        (lambda: mediation.forced(mediation.under_review(), on("Mar 18"), "30.00"), "Mar 19"),
    ],
    ids=["agreed", "nobody can appeal", "support has decided"],
)
def test_k9_where_nobody_decides_any_more_it_is_none(happened: Callable[[], Histories], at: str) -> None:
    assert scan_of(scanned(happened(), at)) is None


def test_k9_g13_whoever_decides_says_what_the_scan_weighed() -> None:
    happened = scanned(mediation.under_review(), "Mar 18").after
    (scan,) = dispute_of(happened).evidence.scans
    unsaid = given(decider, happened).when(mediation.decide(on("Mar 19")))
    assert unsaid.then_rejects(UnexplainedDecision).members["missing"] == [scan.evidence_id]
    ruled = after(happened, mediation.decide(on("Mar 19"), "0.00", weights={scan.evidence_id: 3}))
    assert [item["weight"] for item in item_views(dispute_of(ruled), frozenset())] == [3]


def test_k9_a_fact_names_the_disputes_whose_pieces_come_by_it_and_others_need_not_be_named() -> None:
    alone = record("delivered", on("Mar 14"), told=on("Mar 14"))
    given(decider, opened()).when(alone).then_rejects(DisputesChanged)
    given(decider, opened()).when(record("shipped", on("Mar 1"))).then_nothing()
    given(decider, after(opened(), cancel(on("Mar 13")))).when(alone).accepted.then_types(OrderDelivered, DeadlineMoved)


def test_k9_nobody_takes_the_scan_back() -> None:
    happened = scanned(opened()).after
    (scan,) = dispute_of(happened).evidence.scans
    taken = remove(on("Mar 15")).model_copy(update={"evidence_id": scan.evidence_id})
    given(decider, happened).when(taken).then_rejects(NotFound)


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


async def test_k9_over_http_the_fact_is_told_as_ever_and_the_parties_see_the_item(service: InMemory) -> None:
    path = await open_late(service, "scanned-late")
    before = (await service.ask("GET", path, role="buyer")).json()
    fact = {"type": "delivered", "at": wire_time(NOW - timedelta(hours=1))}
    told = [await service.ask("POST", "/v1/orders/scanned-late/facts", body=fact) for _ in range(2)]
    assert [answer.json()["recorded"] for answer in told] == [True, False]
    shown = {role: (await service.ask("GET", path, role=role)).json() for role in ("buyer", "seller")}
    assert shown["buyer"]["evidence"] == shown["seller"]["evidence"]
    (item,) = shown["buyer"]["evidence"]
    assert (item["kind"], item["scan"]["lines"]) == ("scan", [{"line_id": "1", "quantity": 1}])
    assert (item["scan"]["delivered_at"], item["media_type"]) == (fact["at"], None)
    assert (await service.ask("GET", item["href"], role="seller")).json() == item
    assert came_of(await service.ask("GET", item["href"])).startswith("403")
    assert (shown["buyer"]["state"], shown["buyer"]["deadlines"]) == (before["state"], before["deadlines"])
    assert shown["buyer"]["version"] == before["version"] + 1


@pytest.mark.parametrize("fact", ["delivered", "cancelled"])
async def test_a_repeated_fact_has_the_position_of_all_that_was_recorded_the_first_time(
    service: InMemory, fact: str
) -> None:
    order_id = f"repeated-{fact}"
    await open_late(service, order_id, sent=fact == "delivered")
    body = {"type": fact, "at": wire_time(NOW - timedelta(hours=1))}
    path = f"/v1/orders/{order_id}/facts"
    first, again = [await service.ask("POST", path, body=body, key="k-repeated") for _ in range(2)]
    assert (first.status_code, again.headers.get("Idempotent-Replayed")) == (200, "true")
    assert again.headers["Makewhole-Position"] == first.headers["Makewhole-Position"]
    assert again.json() == first.json()
