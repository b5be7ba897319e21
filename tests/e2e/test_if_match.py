"""If-Match: nobody answers, accepts or changes what he has not seen, and nobody learns by it what is not his."""

from __future__ import annotations

import pytest

from tests.cases.plugin import Came
from tests.e2e.client import Json, Party, Services
from tests.e2e.deals import Dispute, counter, ordered, usd

pytestmark = pytest.mark.e2e

COMMANDS: dict[str, Json | None] = {
    "response": counter("20.00"),
    "modification": {"amount": usd("30.00")},
    "acceptance": None,
}


async def awaiting_its_next_command(services: Services, command: str) -> tuple[Dispute, Party]:
    """A dispute in which the command is its sender's to give, and the sender."""
    dispute = await (await ordered(services)).opened()
    if command == "response":
        return dispute, dispute.deal.seller
    await dispute.respond(counter("20.00"))
    return dispute, dispute.deal.buyer


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_that_agrees_to_something_says_what_it_has_seen(services: Services, command: str) -> None:
    dispute, sender = await awaiting_its_next_command(services, command)
    assert (await sender.post(f"{dispute.path}/{command}", COMMANDS[command])).refused == (428, "if_match_required")


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_stale_version_is_refused_with_what_happened_since(services: Services, command: str) -> None:
    dispute, sender = await awaiting_its_next_command(services, command)
    current = (await dispute.show())["version"]
    refused = await sender.post(f"{dispute.path}/{command}", COMMANDS[command], seen=f'"{current - 1}"')
    assert refused.refused == (412, "version_conflict")
    assert refused["current_version"] == current
    assert "ETag" not in refused.headers
    assert [event["version"] for event in refused["events"]] == [current]
    assert set(refused["events"][0]) == {"version", "type", "at"}
    (await sender.post(f"{dispute.path}/{command}", COMMANDS[command], seen=(await dispute.show(sender)).etag)).ok()


async def test_the_events_in_between_are_named_in_order(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    seen = (await dispute.show()).etag
    await dispute.respond(counter("20.00"))
    await dispute.modify(amount=usd("30.00"))
    refused = await dispute.deal.seller.post(f"{dispute.path}/response", counter("25.00"), seen=seen)
    assert refused.refused == (412, "version_conflict")
    types = [(event["version"], event["type"]) for event in refused["events"]]
    assert types == [
        (2, "makewhole.SellerResponded.v1"),
        (3, "makewhole.SolutionProposed.v1"),
        (4, "makewhole.RequestModified.v1"),
    ]


async def test_a_version_that_is_not_there_yet_is_stale_too(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    refused = await dispute.deal.seller.post(f"{dispute.path}/response", counter("20.00"), seen='"9"')
    assert refused.refused == (412, "version_conflict")
    assert (refused["current_version"], refused["events"]) == (1, [])


@pytest.mark.parametrize("seen", ['"1"', '"0"', '"9"'])
@pytest.mark.parametrize("command", COMMANDS)
async def test_a_stranger_finds_no_dispute_whatever_version_he_names(
    services: Services, command: str, seen: str
) -> None:
    dispute, sender = await awaiting_its_next_command(services, command)
    other_role = {"buyer": "seller", "seller": "buyer"}[sender.roles[0]]
    for stranger in (services.party("stranger", "buyer", "seller"), services.party(sender.sub, other_role)):
        refused = await stranger.post(f"{dispute.path}/{command}", COMMANDS[command], seen=seen)
        assert refused.refused == (404, "not_found")
        assert "current_version" not in refused.body


async def test_no_dispute_has_no_version_to_be_behind_of(services: Services) -> None:
    seller = services.party("stranger", "seller")
    assert (await seller.post("/v1/disputes/dsp_9a30/response", counter("20.00"), seen='"3"')).refused == (
        404,
        "not_found",
    )


async def test_the_other_party_is_refused_for_the_role_before_the_version(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    assert (await dispute.deal.buyer.post(f"{dispute.path}/response", counter("20.00"), seen='"0"')).refused == (
        403,
        "forbidden",
    )


@pytest.mark.case("B06+5", given='a seller answers with *, "9", "1", W/"1", "x", 1', right="200 200 412 412 422")
async def test_if_match_is_read_as_the_standard_says(services: Services, came: Came) -> None:
    told = []
    for seen in ("*", '"9", "1"', 'W/"1"', '"x"', "1"):
        dispute = await (await ordered(services)).opened()
        told.append((await dispute.deal.seller.post(f"{dispute.path}/response", counter("20.00"), seen=seen)).status)
    came(" ".join(map(str, told)))


async def test_a_cancellation_may_name_a_version_and_is_then_held_to_it(services: Services) -> None:
    dispute = await (await ordered(services)).opened()
    assert (await dispute.deal.buyer.post(f"{dispute.path}/cancellation", seen='"7"')).refused == (
        412,
        "version_conflict",
    )
    (await dispute.deal.buyer.post(f"{dispute.path}/cancellation", seen='"1"')).ok()
