"""Parties: who is one, who oversees, and who is a stranger."""

from __future__ import annotations

import pytest

from shared.events.base import SYSTEM, Actor
from shared.parties import NOBODY, Kind, Parties, barred_from, oversees, own_sides
from shared.rejections import ConflictOfInterest, Forbidden, NotFound
from tests.cases.plugin import Came

BUYER, SELLER = Actor(id="buyer-1", roles=frozenset({"buyer"})), Actor(id="seller-1", roles=frozenset({"seller"}))
CASE_TEAM = Actor(id="case-1", roles=frozenset({"case_team"}))
STRANGERS = [
    Actor(id="buyer-2", roles=frozenset({"buyer"})),
    Actor(id="seller-2", roles=frozenset({"seller"})),
    Actor(id=BUYER.id, roles=frozenset({"seller"})),
]
TWO_SELLERS = Parties("dispute", BUYER.id, {SELLER.id, "seller-3"})
TWO_SELLERS_AND_WAREHOUSE = Parties("return", BUYER.id, {SELLER.id, "seller-3"})


def test_a_party_has_the_role_of_its_token_and_of_this_very_thing() -> None:
    both = Actor(id=BUYER.id, roles=frozenset({"buyer", "seller", "support"}))
    assert [TWO_SELLERS.roles_of(actor) for actor in (BUYER, SELLER, CASE_TEAM, both)] == [
        {"buyer"},
        {"seller"},
        {"case_team"},
        {"buyer", "support"},
    ]
    assert (oversees(CASE_TEAM), oversees(SYSTEM), oversees(BUYER)) == (True, True, False)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_g8_a_stranger_finds_nothing(stranger: Actor) -> None:
    with pytest.raises(NotFound, match="There is no such parcel"):
        TWO_SELLERS.guard(stranger, "parcel")


def test_g8_a_party_moves_what_is_for_its_role() -> None:
    TWO_SELLERS.guard(SELLER, "parcel")
    TWO_SELLERS.guard(SELLER, "parcel", "buyer", "seller")
    with pytest.raises(Forbidden, match="This is for the buyer"):
        TWO_SELLERS.guard(SELLER, "parcel", "buyer")


INTERESTED = [
    pytest.param(
        Actor(id=BUYER.id, roles=frozenset({"buyer", "warehouse"})),
        marks=pytest.mark.case("M3", given="the buyer as the warehouse", right="conflict_of_interest"),
    ),
    pytest.param(
        Actor(id=SELLER.id, roles=frozenset({"support"})),
        marks=pytest.mark.case("M3+1", given="the seller as support", right="conflict_of_interest"),
    ),
    pytest.param(
        Actor(id="seller-3", roles=frozenset({"case_team", "seller"})),
        marks=pytest.mark.case("M3+2", given="another seller of the order as case team", right="conflict_of_interest"),
    ),
    pytest.param(
        Actor(id=BUYER.id, roles=frozenset({"support", "ops"})),
        marks=pytest.mark.case("M3+3", given="the buyer as support and ops", right="conflict_of_interest"),
    ),
]


@pytest.mark.parametrize("actor", INTERESTED)
def test_g15_who_is_a_party_does_nothing_as_one_of_the_platforms_people(actor: Actor, came: Came) -> None:
    with pytest.raises(Forbidden) as refusal:
        TWO_SELLERS_AND_WAREHOUSE.guard(actor, "parcel", "support", "warehouse", "case_team", "ops")
    came(refusal.value.code)


def test_g15_a_party_does_as_a_party_what_is_the_partys() -> None:
    TWO_SELLERS.guard(Actor(id=BUYER.id, roles=frozenset({"buyer", "support"})), "parcel", "buyer", "support")
    TWO_SELLERS.guard(CASE_TEAM, "parcel", "case_team")
    with pytest.raises(ConflictOfInterest):
        TWO_SELLERS.guard_interest(SELLER)


def test_g15_nor_does_a_party_look_as_one_of_the_platforms_people() -> None:
    TWO_SELLERS.guard(Actor(id=SELLER.id, roles=frozenset({"seller", "support"})), "parcel")
    with pytest.raises(ConflictOfInterest):
        TWO_SELLERS.guard(Actor(id=SELLER.id, roles=frozenset({"support"})), "parcel")


def test_g15_whoever_has_an_interest_acts_as_a_party_alone() -> None:
    both = Actor(id=BUYER.id, roles=frozenset({"buyer", "support"}))
    assert TWO_SELLERS.acting(both) == {"buyer"}
    assert TWO_SELLERS.acting(Actor(id=SELLER.id, roles=frozenset({"support"}))) == frozenset()
    assert TWO_SELLERS.acting(CASE_TEAM) == TWO_SELLERS.roles_of(CASE_TEAM) == {"case_team"}


@pytest.mark.parametrize("actor", [BUYER, SELLER, CASE_TEAM, Actor(id="", roles=frozenset({"seller"}))])
def test_what_does_not_exist_is_nobodys(actor: Actor) -> None:
    with pytest.raises(NotFound):
        NOBODY.guard(actor, "parcel")


def test_a_party_looks_for_its_own_who_oversees_for_anybodys_and_others_for_nobodys() -> None:
    both, warehouse = (Actor(id="x", roles=frozenset(roles)) for roles in ({"buyer", "seller"}, {"warehouse"}))
    assert [own_sides(actor) for actor in (BUYER, SELLER, both, CASE_TEAM, warehouse)] == [
        (BUYER.id, None),
        (None, SELLER.id),
        ("x", "x"),
        (None, None),
        ("", None),
    ]


def test_g15_who_oversees_does_not_look_through_the_own_things_but_as_their_party() -> None:
    bea, sam = (Actor(id=CASE_TEAM.id, roles=CASE_TEAM.roles | {side}) for side in ("buyer", "seller"))
    assert [barred_from(actor) for actor in (BUYER, CASE_TEAM, bea, sam)] == [
        (None, None),
        (CASE_TEAM.id, CASE_TEAM.id),
        (None, CASE_TEAM.id),
        (CASE_TEAM.id, None),
    ]


def test_s53_of_one_side_are_the_actors_own_alone() -> None:
    both = Actor(id="x", roles=frozenset({"buyer", "seller"}))
    assert [own_sides(actor, "buyer") for actor in (BUYER, SELLER, both, CASE_TEAM)] == [
        (BUYER.id, None),
        ("", None),
        ("x", None),
        ("", None),
    ]
    assert own_sides(both, "seller") == (None, "x")


@pytest.mark.parametrize(
    ("role", "kind", "right"),
    [
        pytest.param(role, kind, right, marks=pytest.mark.case(f"M3+{n}", given=f"{role}, {kind}", right=right))
        for n, (role, kind, right) in enumerate(
            [
                ("service", "dispute", "not found"),
                ("service", "refund", "not found"),
                ("service", "order", "seen"),
                ("service", "return", "seen"),
                ("warehouse", "dispute", "not found"),
                ("warehouse", "refund", "not found"),
                ("warehouse", "order", "not found"),
                ("warehouse", "return", "seen"),
                ("nobody's role", "order", "not found"),
                ("support", "refund", "seen"),
            ],
            20,
        )
    ],
)
def test_each_role_sees_the_kinds_of_its_work(role: str, kind: Kind, right: str, came: Came) -> None:
    actor = Actor(id="x", roles=frozenset({role}))
    try:
        Parties(kind, BUYER.id, {SELLER.id}).guard(actor, kind)
    except NotFound:
        came("not found")
    else:
        came("seen")


def test_a_service_looks_for_nobodys_disputes_and_refunds() -> None:
    assert own_sides(Actor(id="shop", roles=frozenset({"service"}))) == ("", None)
