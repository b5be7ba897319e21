"""Law: no party ever sees of evidence what its list does not name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.evidence.state import Evidence, EvidenceState
from dispute.domain.evidence.visibility import SEEN, Part, Viewer, looks_as, visible_role
from shared.events.base import Actor
from shared.parties import Parties
from shared.rejections import NotFound
from tests.laws.size import examples
from tests.support.builders.evidence import upload
from tests.support.builders.orders import BASIC, on

PEOPLE = ("bea", "sam", "eve", "cas")
ROLES = ("buyer", "seller", "case_team", "support", "ops", "service", "warehouse", "system")
PARTIES = Parties("dispute", "bea", ("sam",))

actors = st.builds(Actor, id=st.sampled_from(PEOPLE), roles=st.frozensets(st.sampled_from(ROLES), max_size=3))


def item(sender: Actor, by: str, state: EvidenceState, dispute_id: str | None) -> Evidence:
    sent = upload(on("Mar 12"), sender).uploaded(by, BASIC, ())
    return Evidence(sent, state, dispute_id)


@settings(max_examples=examples(200))
@given(
    sender=actors,
    by=st.sampled_from(("buyer", "seller")),
    state=st.sampled_from(EvidenceState),
    of=st.sampled_from((None, "dsp_1", "dsp_2")),
    through=st.sampled_from((None, "dsp_1")),
    viewer=actors,
    part=st.sampled_from(Part),
)
def test_no_party_ever_sees_what_its_list_does_not_name(
    sender: Actor, by: str, state: EvidenceState, of: str | None, through: str | None, viewer: Actor, part: Part
) -> None:
    evidence = item(sender, by, state, of)
    mine = viewer.id == sender.id and by in viewer.roles
    here = through is not None and through == of
    of_parties = (
        here
        and (viewer.id, "buyer") == ("bea", *(viewer.roles & {"buyer"}))
        or (here and (viewer.id, "seller") == ("sam", *(viewer.roles & {"seller"})))
    )
    judges = here and viewer.id not in ("bea", "sam") and bool(viewer.roles & {"case_team", "support"})  # G15
    may = (
        (mine and part in SEEN[state].get(Viewer.SENDER, ()))
        or (of_parties and part in SEEN[state].get(Viewer.PARTY, ()))
        or (judges and part in SEEN[state].get(Viewer.STAFF, ()))
    )
    looking = looks_as(evidence, viewer, through, PARTIES)
    if may:
        assert visible_role(looking, evidence, part)
    else:
        with pytest.raises(NotFound):
            visible_role(looking, evidence, part)


@pytest.mark.parametrize("state", EvidenceState)
def test_bytes_are_listed_only_while_an_item_counts(state: EvidenceState) -> None:
    shown = any(Part.BYTES in parts for parts in SEEN[state].values())
    assert shown == (state in (EvidenceState.UNATTACHED, EvidenceState.ATTACHED))


def test_what_does_not_exist_is_seen_by_nobody() -> None:
    with pytest.raises(NotFound):
        visible_role(frozenset(Viewer), Evidence(), Part.ITEM)
