"""Laws of moments in the past: as of an instant everything is as the fold of what had happened by then, at every
instant, and as the audit reads the same events by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.decider import decider
from dispute.views.as_of import dispute_row_of, line_rows_of, order_row_of
from dispute.views.disputes.dispute import dispute_row, dispute_view
from ops.audit.readings import disputes, orders
from shared.events.base import SYSTEM, Actor, Event
from shared.events.envelope import Cause, Metadata, Recorded
from shared.events.ids import derived_uuid
from shared.eventstore.folding import until
from tests.laws.size import LONG, examples
from tests.support.audit import AT, entry_of
from tests.support.random_chargebacks import Charged
from tests.support.random_life import Life
from tests.support.recorded_life import behind_each_command, recorded_life

SEEDS, STEPS = st.integers(0, 2**32), st.integers(1, 15)


def histories(dice: Random, steps: int) -> Iterator[list[Recorded[Event]]]:
    """The streams of a life, each event at an instant of its own, now and then one of another clock."""
    life = Life(dice)
    for _ in range(steps):
        life.step()
    for stream, events in life.market.streams.items():
        at, recorded = AT, []
        for version, event in enumerate(events, 1):
            at += timedelta(minutes=dice.randrange(3))
            seen = at - timedelta(minutes=dice.choice([0, 0, 0, 5]))
            metadata = Metadata.of(Cause(derived_uuid(stream, version), seen, "system:makewhole"), "o1")
            recorded.append(Recorded(stream, version, version, event, metadata))
        yield recorded


@settings(max_examples=examples(200))
@given(SEEDS, STEPS)
def test_as_of_an_instant_a_stream_is_the_fold_of_its_prefix_as_the_audit_reads_it_too(seed: int, steps: int) -> None:
    for history in histories(Random(seed), steps):
        for as_of in {recorded.metadata.at for recorded in history}:
            happened = until(history, as_of)
            assert happened == history[: len(happened)]
            assert all(recorded.metadata.at <= as_of for recorded in happened)
            assert len(happened) == len(history) or history[len(happened)].metadata.at > as_of
            the_rows_are_those_of_the_audit(happened)


@settings(max_examples=examples(20, LONG))
@given(SEEDS, st.integers(1, 70), st.sampled_from([Life, Charged]))
def test_a_row_is_the_fold_behind_every_command_of_a_long_life_as_the_audit_reads_it_too(
    seed: int, steps: int, kind: type[Life]
) -> None:
    _, market = recorded_life(seed, steps, kind=kind)
    for history in market.histories:
        for happened in behind_each_command(history):
            the_rows_are_those_of_the_audit(happened)


def the_rows_are_those_of_the_audit(happened: Sequence[Recorded[Event]]) -> None:
    """Two readings that know nothing of each other; of what is written in a dispute there are no rows."""
    if not happened or happened[0].stream.startswith("conversation-"):
        return
    stream = happened[0].stream
    reading = orders if stream.startswith("order-") else disputes
    told, state = reading.beginning(), decider.fold(stream, [recorded.event for recorded in happened])
    for recorded in happened:
        reading.fold(told, entry_of(recorded.event, recorded.version, stream, recorded.version))
    if reading is disputes:
        _same(dispute_row_of(state, happened), disputes.row(told) or {})
        a_row_is_part_of_the_dispute(state, happened)
    elif state.registered:
        _same(order_row_of(state, happened), orders.row(told))
        lines = {_line(line) for line in line_rows_of(state)}
        # No view shows the listing, which the row ends with: the reasons of returns are counted by it.
        assert lines == {row.rpartition("|")[0] for row in orders.row(told)["lines"]}


def a_row_is_part_of_the_dispute(state: Any, happened: Sequence[Recorded[Event]]) -> None:
    """A list as of an instant shows what the dispute as of it shows."""
    opened = state.opened
    buyer, seller = (
        Actor(id=opened.buyer_id, roles=frozenset({"buyer"})),
        Actor(id=opened.seller_id, roles=frozenset({"seller"})),
    )
    for actor in (SYSTEM, buyer, seller):
        row = dispute_row(dispute_row_of(state, happened), actor)
        view = dict(dispute_view(state, len(happened), actor, AT))
        assert dict(row) == {name: view[name] for name in row}


def _same(mine: Any, audits: Any) -> None:
    common = mine.keys() & audits.keys()
    assert len(common) > 8
    assert {name: mine[name] for name in common} == {name: audits[name] for name in common}


def _line(line: Any) -> str:
    released = "-" if line["released"] is None else line["released"]
    held = ",".join(line["held_by"]) or "-"
    aside = f"{line['reclaimed']}|{line['charged_back']}"
    return f"{line['line_id']}|{line['cap']}|{line['refunded']}|{released}|{held}|{aside}"


def test_without_an_instant_nothing_is_left_out() -> None:
    [history, *_] = histories(Random(7), 20)
    assert until(history, None) == history
    assert until(history, datetime.max.replace(tzinfo=AT.tzinfo)) == history
