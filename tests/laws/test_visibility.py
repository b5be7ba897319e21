"""Laws of visibility: whatever happened in a dispute and whoever looks, nobody sees what their list does not name, and
the parties learn of the platform's people no name and of each other no address before its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from dispute.api.disputes import _refs
from dispute.domain.disputes.mediation.receipts import decides, receipt_of
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.visibility import BUYER, PLATFORM, SELLER, SENDER, VISIBLE, knows, looks_as
from dispute.read_models.dispute_history import ASIDE, entry
from dispute.views.disputes.deadlines import ledger
from dispute.views.disputes.dispute import dispute_view, history_entry
from dispute.views.mediation.receipts import receipt_view
from shared.events.base import Actor, Event, pseudonym
from shared.events.envelope import Recorded
from shared.events.mediation import CaseClaimed, CaseReleased
from shared.events.mediation.proposals import (
    ProposalAgreed,
    ProposalDeclined,
    ProposalMade,
    SupportOverrideProposed,
)
from shared.http.responses import to_json
from shared.rejections import ConflictOfInterest, NotFound
from tests.laws.size import LONG, examples
from tests.support.builders import mediation, orders
from tests.support.recorded_life import ADDRESS, recorded_life

History = Sequence[Recorded[Event]]
SEEDS, STEPS = st.integers(0, 2**32), st.integers(1, 70)
PROPOSED = (ProposalMade, SupportOverrideProposed)
AMONG_THEMSELVES = (*PROPOSED, ProposalAgreed, ProposalDeclined, CaseClaimed, CaseReleased)
VIEWERS = (orders.BUYER, orders.SELLER, orders.CASE_TEAM, mediation.SUPPORT)
STRANGERS = (orders.OTHER_BUYER, orders.OTHER_SELLER)
STAFF = frozenset({"case_team", "support", "ops"})
PEOPLE = (orders.CASE_TEAM, mediation.REVIEWER_2, mediation.SUPPORT)


def lists_of(dispute: Dispute, viewer: Actor) -> Sequence[str]:
    """Whose lists the viewer reads by, written down once more."""
    if viewer == orders.BUYER:
        return (BUYER, SENDER) if dispute.return_id else (BUYER,)
    return (SELLER,) if viewer == orders.SELLER else (PLATFORM,)


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Where every value stands, by the names that lead there."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, path)
    else:
        yield path


def is_named(path: str, fields: frozenset[str]) -> bool:
    """A name alone stands for all that is in it."""
    names = path.split(".")
    return any(".".join(names[:count]) in fields for count in range(1, len(names) + 1))


def told(history: History, dispute: Dispute, viewer: Actor) -> list[Any]:
    """The history as the viewer reads it, event by event."""
    rows = [{**entry(recorded), "version": recorded.version} for recorded in history]
    return [history_entry({**row, "detail": from_json(row["detail"])}, dispute, viewer) for row in rows]


@settings(max_examples=examples(20, LONG))
@given(SEEDS, STEPS)
def test_no_party_ever_sees_what_its_list_does_not_name(seed: int, steps: int) -> None:
    _, market = recorded_life(seed, steps, ADDRESS)
    for history in market.histories:
        dispute = market.state(history[0].stream)
        for viewer in VIEWERS:
            lists = lists_of(dispute, viewer)
            for recorded, shown in zip(history, told(history, dispute, viewer), strict=True):
                fields = frozenset[str]().union(*(VISIBLE[type(recorded.event)].get(name, ()) for name in lists))
                beyond = [path for path in leaves(shown["detail"]) if not is_named(path, fields)]
                assert beyond == [], (type(recorded.event).__name__, viewer, beyond)
        for stranger in STRANGERS:
            assert not looks_as(dispute, stranger)
            with pytest.raises(NotFound):
                dispute_view(dispute, len(history), stranger, market.now)


@settings(max_examples=examples(20, LONG))
@given(SEEDS, STEPS)
def test_of_what_the_platforms_people_do_among_themselves_no_party_learns_that_it_happened(
    seed: int, steps: int
) -> None:
    _, market = recorded_life(seed, steps)
    for history in market.histories:
        dispute = market.state(history[0].stream)
        for viewer in VIEWERS:
            party = viewer in (orders.BUYER, orders.SELLER)
            for recorded in history:
                hidden = party and isinstance(recorded.event, AMONG_THEMSELVES)
                assert knows(dispute, viewer, recorded.event) != hidden, (recorded.event, viewer)
        for stranger in STRANGERS:
            assert not any(knows(dispute, stranger, recorded.event) for recorded in history)


@settings(max_examples=examples(20, LONG))
@given(SEEDS, STEPS)
def test_g15_one_of_the_platforms_people_who_is_a_party_sees_what_the_party_sees(seed: int, steps: int) -> None:
    _, market = recorded_life(seed, steps, ADDRESS)
    for history in market.histories:
        dispute = market.state(history[0].stream)
        for party in (orders.BUYER, orders.SELLER):
            person = party.model_copy(update={"roles": party.roles | STAFF})
            assert looks_as(dispute, person) == looks_as(dispute, party)
            assert all_that_is_shown(history, dispute, person, market.now) == all_that_is_shown(
                history, dispute, party, market.now
            )
            alone = party.model_copy(update={"roles": STAFF})
            assert not looks_as(dispute, alone)
            with pytest.raises(ConflictOfInterest):
                dispute_view(dispute, len(history), alone, market.now)


@settings(max_examples=examples(20, LONG))
@given(SEEDS, STEPS)
def test_k22_parties_learn_no_name_of_the_platforms_people_and_no_address_before_its_time(
    seed: int, steps: int
) -> None:
    life, market = recorded_life(seed, steps, ADDRESS)
    for history in market.histories:
        dispute = market.state(history[0].stream)
        standing = [part.event for part in history if not isinstance(part.event, PROPOSED)]
        addresses = set(addresses_in([event.model_dump(mode="json") for event in standing]))
        assert addresses
        for party in (orders.BUYER, orders.SELLER):
            page = all_that_is_shown(history, dispute, party, life.market.now)
            for person in PEOPLE:
                assert person.id not in page
                assert pseudonym(person.id) not in page
        if not dispute.return_id:
            page = all_that_is_shown(history, dispute, orders.BUYER, life.market.now)
            assert not [ref for ref in addresses if ref in page]
            assert addresses.isdisjoint(_refs(dispute, list(history), orders.BUYER))
        assert addresses <= _refs(dispute, list(history), orders.SELLER)


def all_that_is_shown(history: History, dispute: Dispute, party: Actor, now: Any) -> str:
    """The dispute, its history, its receipts and its deadlines as one text."""
    looking = looks_as(dispute, party)
    receipts = [
        receipt_view(receipt_of(history, part.version), dispute, "", looking, "en")
        for part in history
        if decides(part.event)
    ]
    entries = [
        shown
        for part, shown in zip(history, told(history, dispute, party), strict=True)
        if knows(dispute, party, part.event) and not _aside(part)
    ]
    view = dispute_view(dispute, len(history), party, now)
    return b"".join(map(to_json, (view, entries, receipts, ledger(history, dispute.terms)))).decode()


def _aside(part: Recorded[Event]) -> bool:
    return isinstance(part.event, ASIDE)


def addresses_in(value: Any) -> Iterator[str]:
    """Every address that the events name."""
    if isinstance(value, list):
        for part in value:
            yield from addresses_in(part)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if name.endswith("address_ref") and part:
                yield part
            else:
                yield from addresses_in(part)
