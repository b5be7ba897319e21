"""Laws of lineage: who followed a log goes on with the one that continues it, as if it were one; who has seen more
stops, and what only the former log held is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.lineage import last_shared
from shared.kafka.records import Record
from shared.resilience.retry import Halted
from shared.subscriptions.checkpoints import Checkpoint
from shared.subscriptions.follower import Delivery, Follower, Quarantined
from tests.laws.test_delivery import events_of, partitions_of, position, repeated, with_offsets

SHARES = st.lists(st.tuples(st.uuids(), st.integers(0, 2**63 - 1)), max_size=4, unique_by=lambda share: share[0])


@given(SHARES, st.uuids())
def test_a_lineage_tells_of_each_former_life_how_much_is_shared(shares: list[tuple[UUID, int]], other: UUID) -> None:
    lineage = " ".join(f"{log_id}@{shared}" for log_id, shared in shares)
    for log_id, shared in shares:
        assert last_shared(lineage, log_id) == shared
    assert other in dict(shares) or last_shared(lineage, other) is None


@given(st.text())
@example(f"{UUID(int=7)}@-1 {UUID(int=7)}@ {UUID(int=7)}@1x @1")
def test_what_is_no_lineage_shares_nothing(text: str) -> None:
    assert last_shared(text, UUID(int=7)) is None


@dataclass
class Life:
    """One life of a log: what it holds, of which lineage it is, and from where on its relay publishes it."""

    log_id: UUID
    lineage: str
    streams: Sequence[int]
    begins: int = 0

    @property
    def partition(self) -> list[Record]:
        """All its records, in one partition."""
        return partitions_of(events_of(self.streams), self.log_id, self.lineage)[0]

    @property
    def published(self) -> list[Record]:
        return [record for record in self.partition if position(record) > self.begins]


@st.composite
def lives(draw: st.DrawFn) -> list[Life]:
    """One to three lives, each restored from a backup of the one before: `shared` is what the backup holds, at least
    what that life had begun with, and its relay goes on where the backup's checkpoint stood.
    """
    streams = st.lists(st.sampled_from([0, 3, 6]), max_size=8)
    found, shared = [Life(UUID(int=1), "", draw(streams))], 0
    for number in range(2, draw(st.integers(1, 3)) + 1):
        former = found[-1]
        shared = draw(st.integers(shared, len(former.streams)))
        lineage = f"{former.log_id}@{shared} {former.lineage}".rstrip()
        kept = [*former.streams[:shared], *draw(streams)]
        found.append(Life(UUID(int=number), lineage, kept, draw(st.integers(0, shared))))
    return found


def shared_with_next(one: Life, following: Life) -> int:
    return last_shared(following.lineage, one.log_id) or 0


@given(lives(), st.data())
def test_a_follower_that_has_seen_no_more_than_is_shared_goes_on_as_if_it_were_one_log(
    generations: list[Life], data: st.DataObject
) -> None:
    topic: list[Record] = []
    for one, following in pairwise(generations):
        topic += data.draw(repeated([r for r in one.published if position(r) <= shared_with_next(one, following)]))
    topic = with_offsets([*topic, *data.draw(repeated(generations[-1].published))])
    follower, seen, at = Follower(Checkpoint(0)), list[int](), 0
    while at < len(topic):
        taken = follower.take(topic[at])
        seen += [taken.position] if isinstance(taken, Delivery) else []
        at += 1
        if data.draw(st.booleans()):
            follower = Follower(follower.checkpoint)
            at = data.draw(st.integers(0, max(0, follower.checkpoint.next_offset - 1)))
    assert seen == [position(record) for record in generations[-1].partition]
    assert not topic or follower.checkpoint.position == len(generations[-1].streams)


@given(lives().filter(lambda found: len(found) > 1), st.data())
def test_a_follower_that_has_seen_more_stops_and_one_that_knows_the_lineage_passes_over_what_is_lost(
    generations: list[Life], data: st.DataObject
) -> None:
    former, last = generations[-2:]
    shared = shared_with_next(former, last)
    topic = with_offsets([*former.published, *last.published])
    fresh, seen = Follower(Checkpoint(0, position=former.begins)), list[int]()
    if last.published and former.published and len(former.streams) > shared:
        with pytest.raises(Halted, match="a restore has lost"):
            for record in topic:
                seen += [position(record)] if fresh.take(record) else []
        assert seen == [position(record) for record in former.published]
    taken = data.draw(st.integers(max(former.begins, last.begins), len(last.streams)))
    knowing = Follower(Checkpoint(0, last.log_id, taken, 0, 0, last.lineage))
    passed = [position(record) for record in topic if knowing.take(record)]
    assert passed == list(range(taken + 1, len(last.streams) + 1))


@given(lives())
def test_a_log_that_names_no_life_that_was_followed_is_another_one(generations: list[Life]) -> None:
    follower = Follower(Checkpoint(0, UUID(int=99), 1, 0))
    for record in with_offsets(generations[-1].published):
        found = follower.take(record)
        assert isinstance(found, Quarantined)
        assert found.reason.startswith("foreign: ")
    assert follower.checkpoint.position == 1
