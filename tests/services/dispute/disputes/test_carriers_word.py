"""A carrier's word that what was sent again has come: it ends what the buyer's word ends (T40, D13)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from shared.events.base import Actor
from shared.events.dispute import DisputeClosed, ReplacementReceived
from shared.events.order import PaymentHoldLifted
from shared.rejections import DeadlinePassed, Forbidden, NotFound, Rejected, ValidationFailed, WrongPhase
from tests.cases.plugin import Came
from tests.services.dispute.disputes.test_replacement import AGAIN, D13
from tests.support.builders import mediation
from tests.support.builders.disputes import agreed, arrive, dispute_of, opened, receive, replacing, ship
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, Histories, after, on
from tests.support.servers.in_memory import InMemory, came_of, in_memory, usd
from tests.support.servers.in_memory_disputes import command, open_late
from tests.support.spec import given

EXCHANGE = {"decision": "counter", "solution": {"type": "exchange", "amount": usd("0.00")}}


def sent() -> Histories:
    return after(replacing(), ship(on("Mar 16")))


def test_t40_a_carriers_word_closes_the_dispute_as_the_buyers_does() -> None:
    outcome = given(decider, sent()).when(arrive(on("Mar 20"), received_at=on("Mar 19")))
    outcome.then_types(ReplacementReceived, DisputeClosed, PaymentHoldLifted)
    assert outcome.events[0].received_at == on("Mar 19")
    assert (outcome.states[0].state, outcome.states[0].fulfilment) == (DisputeState.CLOSED, Fulfilment.REPLACED)


def test_t40_what_was_ruled_goes_on_until_nobody_can_appeal() -> None:
    ruled = after(mediation.under_review(), mediation.decide(on("Mar 18"), **AGAIN), ship(on("Mar 19")))
    given(decider, ruled).when(arrive(on("Mar 20"))).then_types(ReplacementReceived)
    assert dispute_of(after(ruled, arrive(on("Mar 20")))).state == DisputeState.DECIDED


def test_t40_told_again_it_is_known_and_so_is_what_the_buyer_said_first() -> None:
    given(decider, after(sent(), arrive(on("Mar 20")))).when(arrive(on("Mar 21"))).then_nothing()
    given(decider, after(sent(), receive(on("Mar 20")))).when(arrive(on("Mar 21"))).then_nothing()


@pytest.mark.parametrize(
    ("happened", "right"),
    [(replacing, WrongPhase), (agreed, WrongPhase), (opened, WrongPhase), (dict, NotFound)],
    ids=["of no parcel", "of nothing to be sent", "of a dispute that goes on", "of no dispute"],
)
def test_t40_a_carrier_knows_of_the_parcel_alone_that_the_seller_told_of(
    happened: Callable[[], Histories], right: type[Rejected]
) -> None:
    given(decider, happened()).when(arrive(on("Mar 16"))).then_rejects(right)


@pytest.mark.parametrize("actor", [BUYER, SELLER, CASE_TEAM])
def test_t40_g8_nobody_else_speaks_for_a_carrier(actor: Actor) -> None:
    given(decider, sent()).when(arrive(on("Mar 20"), actor)).then_rejects(Forbidden)


def test_d13_in_time_and_not_before_it_has_come() -> None:
    given(decider, sent()).when(arrive(D13)).then_rejects(DeadlinePassed)
    early = given(decider, sent()).when(arrive(on("Mar 20"), received_at=on("Mar 21")))
    assert early.then_rejects(ValidationFailed).errors[0]["pointer"] == "/received_at"


@pytest.mark.case(
    "B09a+n5", given="a replacement came in 1970, or two days before it was agreed", right="before_agreed"
)
@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), on("Mar 12")])
@pytest.mark.parametrize("tell", [receive, arrive])
def test_t40_nothing_is_sent_again_that_came_before_it_was_agreed(
    came: Came, tell: Callable[..., Any], at: datetime
) -> None:
    given(decider, sent()).when(tell(on("Mar 20"), received_at=on("Mar 14"))).then_types(
        ReplacementReceived, DisputeClosed, PaymentHoldLifted
    )
    refused = given(decider, sent()).when(tell(on("Mar 20"), received_at=at)).then_rejects(ValidationFailed)
    came(refused.errors[0]["code"])


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


async def test_t40_a_service_is_told_whether_it_was_news_and_nothing_of_the_dispute(service: InMemory) -> None:
    path = await open_late(service, "scanned")
    await command(service, "seller", f"{path}/response", EXCHANGE)
    await command(service, "buyer", f"{path}/acceptance")
    too_early = await service.ask("POST", f"{path}/replacement-receipt")
    assert came_of(too_early) == "409 wrong_phase"
    await command(service, "seller", f"{path}/replacement-shipment", {"tracking_number": "RR1ES"})
    told = [await service.ask("POST", f"{path}/replacement-receipt") for _ in range(2)]
    closed = (await service.ask("GET", path, role="buyer")).json()
    known = {"dispute_id": closed["id"], "version": closed["version"]}
    assert [answer.json() for answer in told] == [known | {"recorded": True}, known | {"recorded": False}]
    assert (closed["state"], closed["fulfilment"]) == ("closed", "replaced")
    assert (await service.ask("GET", path)).status_code == 404
