"""Second reading: what the audit makes of any life's events is what the deciders make of them, though neither knows
the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from dispute.domain.decider import decider
from ops.audit.facts import gathering
from ops.audit.readings import disputes, orders, returns, waiting
from return_label.domain.decider import decider as goods_decider
from return_label.domain.returns.state import Return
from shared.events.return_label import ReturnEvent
from shared.tracking.numbers import compact
from tests.support.audit import EARLY, entry_of, made_log, stream_faults
from tests.support.builders import returns as goods
from tests.support.dispute_service import Market
from tests.support.random_chargebacks import Charged, Prompt
from tests.support.random_law import Lawful
from tests.support.random_life import Life
from tests.support.random_words import Words

LIVES, STEPS = 20, 60


def lived(seed: int, kind: type[Life] = Life) -> Market:
    life = kind(Random(seed))
    for _ in range(STEPS):
        life.step()
    return life.market


@pytest.mark.parametrize("seed", range(LIVES))
@pytest.mark.parametrize("kind", [Life, Words, Lawful, Prompt])
async def test_streams_and_deadlines_of_a_life_by_the_rules_have_no_fault_at_any_time(
    kind: type[Life], seed: int
) -> None:
    life = kind(Random(seed))
    for _ in range(STEPS // 3):
        for _ in range(3):
            life.step()
        log = made_log(life.market.streams, life.market.now)
        with gathering() as facts:
            assert await stream_faults("dispute", log, life.market.rows, facts, EARLY) == {}


AFTER: Sequence[Sequence[ReturnEvent]] = (
    (),
    (goods.shipped(), goods.corrected(), goods.overdue(), goods.received(), goods.inspected()),
    (goods.received(), goods.timed_out()),
    (goods.shipped(), goods.lost()),
    (goods.lapsed(),),
)


@pytest.mark.parametrize("prepaid", [True, False])
@pytest.mark.parametrize("after", AFTER)
def test_a_return_is_read_as_its_service_folds_it(after: Sequence[ReturnEvent], prepaid: bool) -> None:
    state, stream, folded = returns.beginning(), f"return-{goods.RETURN_ID}", Return()
    begun = goods.requested(), goods.authorized(), goods.labelled(prepaid=prepaid)
    for version, event in enumerate((*begun, *after), 1):
        returns.fold(state, entry_of(event, version, stream, version))
        folded = goods_decider.fold(stream, [event], folded)
        assert (state["version"], state["state"]) == (version, folded.state)
    sent = {compact(folded.shipped.tracking_number)} if folded.shipped else set[str]()
    assert state["tracking_numbers"] == sorted({compact(goods.labelled().tracking_number or ""), *sent})
    assert state["ship_by"] == goods.SHIP_BY


@pytest.mark.parametrize("seed", range(LIVES))
@pytest.mark.parametrize("kind", [Life, Charged])
def test_what_a_state_waits_for_is_the_same_on_both_readings(kind: type[Life], seed: int) -> None:
    for stream, events in lived(seed, kind).streams.items():
        reading, wanted = (orders, orders.wanted) if stream.startswith("order-") else (disputes, waiting.wanted)
        state, folded = reading.beginning(), None
        for version, event in enumerate(events, 1):
            entry = entry_of(event, version, stream, version)
            reading.fold(state, entry)
            folded = decider.fold(stream, [event], folded)
            due = {kind: at for kind in decider.kinds if (at := decider.due(stream, folded, kind))}
            assert wanted(state) == due, f"{entry.id} {entry.name}"
