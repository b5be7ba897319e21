"""A warranty claim in whole databases: its steps are told to whom they concern, and its deadline is where it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.audit import audited, faults_of
from tests.support.audit_services import open_services
from tests.support.builders.entitlements import terms_in
from tests.support.builders.orders import expire_stream, facts, on, register
from tests.support.builders.warranties import assess, claim, fulfil, warranty_stream
from tests.support.damaged_logs import damage

D14 = on("Mar 18", "00:00")
BOUGHT = register(facts=facts(shipped="Mar 1", delivered="Mar 5"), terms=terms_in("DE"))


async def test_t41_d14_a_claim_that_lived_by_the_rules_has_no_fault(
    migrated: Callable[[str], Awaitable[str]],
) -> None:
    async with open_services(migrated) as services:
        await services.tell("dispute", BOUGHT, claim(on("Mar 10")))
        alarm = expire_stream(warranty_stream(), "warranty_assessment", D14)
        await services.tell("dispute", alarm, assess(on("Mar 19")), fulfil(on("Mar 19", "13:00")))
        assert faults_of(await audited(services.dsns, services.movements, on("Mar 19", "14:00"))) == {}


async def test_d14_a_claim_whose_timer_is_gone_is_found(migrated: Callable[[str], Awaitable[str]]) -> None:
    async with open_services(migrated) as services:
        await services.tell("dispute", BOUGHT, claim(on("Mar 10")))
        await damage(services.dsns["dispute"], "delete from deadlines where kind = 'warranty_assessment'")
        found: Any = faults_of(await audited(services.dsns, services.movements, on("Mar 10", "13:00")))
        assert found == {"deadlines dispute": {"missing": 1}}


@pytest.mark.parametrize(
    ("damaged", "fault"),
    [
        ("update warranties set overdue = 0", "wrong"),
        ("update warranties set state = 'assessed'", "wrong"),
        ("delete from warranties", "missing"),
    ],
)
async def test_d14_a_list_of_claims_that_does_not_show_what_happened_is_found(
    migrated: Callable[[str], Awaitable[str]], damaged: str, fault: str
) -> None:
    async with open_services(migrated) as services:
        await services.tell("dispute", BOUGHT, claim(on("Mar 10")))
        await services.tell("dispute", expire_stream(warranty_stream(), "warranty_assessment", D14))
        await damage(services.dsns["dispute"], damaged)
        found: Any = faults_of(await audited(services.dsns, services.movements, on("Mar 18", "13:00")))
        assert found == {"read model warranties": {fault: 1}}
