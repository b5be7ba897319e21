"""What every carrier does: one suite for all of them. Only an answer about the very label is an answer; all else is
unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from aiohttp import web

from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.guard import Guarded
from return_label.gateways.port import Bought, LabelCall, Refused, Unanswered, Unavailable, Voided, Way
from return_label.gateways.sandbox import SandboxCarrier, sandbox_carrier
from shared.resilience.retry import transient
from shared.tracking.numbers import NumberCheck, number_check
from tests.support.servers.carriers import Behind, Migrated, sandbox_behind, ups_behind, usps_behind, worst_behind
from tests.support.toys.notes import listening

LIMIT = 60.0

Opened = Callable[[Migrated, float], AbstractAsyncContextManager[Behind]]
BEHIND: dict[str, Opened] = {
    "sandbox": sandbox_behind,
    "worst": worst_behind,
    "karrio-usps": usps_behind,
    "karrio-ups": ups_behind,
}


@pytest.fixture(params=BEHIND)
async def behind(request: pytest.FixtureRequest, migrated: Migrated) -> AsyncIterator[Behind]:
    async with BEHIND[request.param](migrated, LIMIT) as behind:
        yield behind


def call(label_id: str = "lbl_1") -> LabelCall:
    return LabelCall(label_id, "ret_1", "o1", "bea", way)


async def way() -> Way:
    return Way(
        "Ann Lee\n12 Main Street, Apt 4\nSpringfield, IL 62701", "Returns\nDock 4\n1 Harbor Way\nBoston MA 02110-1234"
    )


async def bought(behind: Behind, label_id: str = "lbl_1") -> Bought:
    answer = await behind.carrier.buy(call(label_id))
    assert isinstance(answer, Bought)
    return answer


async def test_a_label_has_a_number_with_a_right_check_digit(behind: Behind) -> None:
    assert number_check((await bought(behind)).tracking_number, behind.named) is NumberCheck.CHECK_DIGIT


async def test_s75_the_same_key_sixteen_times_at_once_is_one_label(behind: Behind) -> None:
    assert len(set(await asyncio.gather(*(bought(behind) for _ in range(16))))) == 1


async def test_every_key_has_a_label_of_its_own(behind: Behind) -> None:
    numbers = {(await bought(behind, f"lbl_{n}")).tracking_number for n in range(12)}
    assert len(numbers) == 12


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_after"])
async def test_a_label_whose_answer_is_lost_is_bought_once_under_its_key(behind: Behind, fault: str) -> None:
    await behind.break_next(fault, **({"seconds": 0} if fault.startswith("timeout") else {}))
    with pytest.raises(Unanswered) as unknown:
        await behind.carrier.buy(call())
    assert transient(unknown.value)
    if behind.keeps_keys:
        assert await bought(behind) == await bought(behind)
        return
    for _ in range(3):  # nobody can be asked what became of it, so it is for people, and is not bought a second time
        with pytest.raises(Unanswered):
            await behind.carrier.buy(call())


async def test_a_refusal_is_told_with_its_reason_and_the_key_may_be_asked_for_again(behind: Behind) -> None:
    await behind.break_next("decline", code="declined")
    assert await behind.carrier.buy(call()) == Refused("lbl_1", "declined")
    assert (await bought(behind)).label_id == "lbl_1"


async def test_a_label_is_void_however_often_it_is_taken_back(behind: Behind) -> None:
    number = (await bought(behind)).tracking_number
    assert [await behind.carrier.void(call(), number) for _ in range(2)] == [Voided(number)] * 2


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_after"])
async def test_a_label_is_taken_back_though_the_answer_was_lost(behind: Behind, fault: str) -> None:
    number = (await bought(behind)).tracking_number
    await behind.break_next_void(fault, **({"seconds": 0} if fault.startswith("timeout") else {}))
    with pytest.raises(Unanswered):
        await behind.carrier.void(call(), number)
    if behind.keeps_keys or fault == "timeout_before":
        assert await behind.carrier.void(call(), number) == Voided(number)
        return
    with pytest.raises(Unanswered):  # it says no to a label that is void, as to one that it does not take back
        await behind.carrier.void(call(), number)


@pytest.mark.parametrize("fault", ["timeout_after", "error_after"])
async def test_a_label_whose_answer_is_lost_is_found_under_its_key(behind: Behind, fault: str) -> None:
    assert await behind.carrier.find(call()) is None
    await behind.break_next(fault, **({"seconds": 0} if fault.startswith("timeout") else {}))
    with pytest.raises(Unanswered):
        await behind.carrier.buy(call())
    if not behind.keeps_keys:
        with pytest.raises(Unanswered):
            await behind.carrier.find(call())
        return
    found = await behind.carrier.find(call())
    assert found and found == await bought(behind)
    await behind.carrier.void(call(), found.tracking_number)
    assert await behind.carrier.find(call()) == found


async def test_s78_a_label_that_a_parcel_went_with_is_not_taken_back(behind: Behind) -> None:
    number = (await bought(behind)).tracking_number
    await behind.see(number, ScanKind.ACCEPTED)
    assert isinstance(await behind.carrier.void(call(), number), Refused)


async def test_a_parcel_is_followed_by_its_own_scans(behind: Behind) -> None:
    mine, other = (await bought(behind)).tracking_number, (await bought(behind, "lbl_2")).tracking_number
    assert list(await behind.carrier.track(mine)) == []
    for number, kind in ((mine, ScanKind.ACCEPTED), (other, ScanKind.LOST), (mine, ScanKind.DELIVERED)):
        await behind.see(number, kind)
    scans = await behind.carrier.track(mine)
    assert [(scan.tracking_number, scan.kind) for scan in scans] == [
        (mine, ScanKind.ACCEPTED),
        (mine, ScanKind.DELIVERED),
    ]
    assert len({scan.scan_id for scan in scans}) == 2


async def test_an_answer_about_another_label_is_none() -> None:
    async with worst_behind() as behind:
        await behind.break_next("other_label")
        with pytest.raises(Unanswered, match="another label"):
            await behind.carrier.buy(call())


async def test_a_carrier_that_takes_too_long_has_not_answered(migrated: Migrated) -> None:
    async with sandbox_behind(migrated, 0.2) as behind:
        await behind.break_next("timeout_after")
        with pytest.raises(Unavailable):
            await behind.carrier.buy(call())
    async with sandbox_carrier("http://127.0.0.1:9", limit=1.0) as nobody:
        with pytest.raises(Unavailable):
            await Guarded(nobody).buy(call())


@contextlib.asynccontextmanager
async def answering(status: int, body: str) -> AsyncIterator[SandboxCarrier]:
    """A carrier that says this to everything."""

    async def say(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with listening(app) as address, sandbox_carrier(address) as carrier:
        yield carrier


LABEL: dict[str, Any] = {"idempotency_key": "lbl_1", "status": "bought", "tracking_number": "LA000000014AQ"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "<html>"),
        (401, '{"code": "unauthenticated"}'),
        (201, ""),
        (201, json.dumps(LABEL | {"status": "sold"})),
        (500, json.dumps(LABEL)),
    ],
)
async def test_what_is_no_label_is_no_answer(status: int, body: str) -> None:
    async with answering(status, body) as carrier:
        with pytest.raises(Unanswered):
            await carrier.buy(call())
