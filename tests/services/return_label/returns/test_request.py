"""Requesting a return: it is authorised at once, with a label."""

import pytest

from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from return_label.views.returns import return_view
from shared.events.dispute import Payer, ReturnKind
from shared.events.return_label import ReturnAuthorized, ReturnDenied, ReturnLabelIssued, ReturnRequested
from tests.support.builders import returns as r
from tests.support.spec import given


def test_t22_a_return_is_authorised_with_a_label_and_ten_days_to_ship() -> None:
    given(decider).when(r.request()).then(*r.AUTHORIZED, r.taken())


UNTOUCHED = ("unused", "original_packaging", "seals_intact")


@pytest.mark.parametrize(
    ("kind", "payer", "told"),
    [
        (ReturnKind.DISPUTE, Payer.SELLER, ("all_parts", "print_label")),
        (ReturnKind.DISPUTE, Payer.BUYER, ("all_parts", "own_carrier", "tell_number")),
        (ReturnKind.STATUTORY, Payer.BUYER, ("all_parts", "own_carrier", "tell_number")),
        (ReturnKind.STATUTORY, Payer.SELLER, ("all_parts", "print_label")),
        (ReturnKind.FREE, Payer.PLATFORM, ("all_parts", *UNTOUCHED, "print_label")),
        (ReturnKind.EXTRA, Payer.BUYER, ("all_parts", *UNTOUCHED, "own_carrier", "tell_number")),
        (ReturnKind.DOMESTIC, Payer.BUYER, ("all_parts", *UNTOUCHED, "own_carrier", "tell_number")),
    ],
)
def test_s80_s28_s83_the_buyer_is_told_what_to_do_and_where_to_send_it(
    kind: ReturnKind, payer: Payer, told: tuple[str, ...]
) -> None:
    asked = r.request(kind=kind, freight_payer=payer, address_ref="txt_1", warehouse=None)
    outcome = given(decider).when(asked)
    authorized: ReturnAuthorized = outcome.events[1]
    assert (authorized.instructions, authorized.address_ref) == (told, "txt_1")
    shown = return_view(outcome.states[0], 3, r.BUYER, r.FRIDAY)
    assert (tuple(shown["instructions"]), shown["address_ref"], shown["ship_by"]) == (told, "txt_1", r.SHIP_BY)


def test_s75_the_same_return_asked_twice_is_one_return_with_one_label() -> None:
    given(decider, *r.AUTHORIZED).when(r.request()).then_nothing()


@pytest.mark.parametrize(("payer", "prepaid"), [(Payer.BUYER, False), (Payer.SELLER, True), (Payer.PLATFORM, True)])
def test_k26_the_label_is_prepaid_unless_the_buyer_pays(payer: Payer, prepaid: bool) -> None:
    outcome = given(decider).when(r.request(freight_payer=payer))
    label: ReturnLabelIssued = outcome.events[2]
    assert (label.prepaid, label.payer) == (prepaid, payer)
    assert outcome.states[0].state is (ReturnState.LABEL_ISSUED if prepaid else ReturnState.SELF_PAID)


@pytest.mark.parametrize("payer", [Payer.BUYER, Payer.SELLER])
def test_t22a_s72_where_nothing_goes_back_it_is_denied_and_no_label_is_taken(payer: Payer) -> None:
    outcome = given(decider).when(r.request(freight_payer=payer, suspended=("S72",)))
    denied = outcome.then_types(ReturnRequested, ReturnDenied).events[1]
    assert (denied.reason, denied.rules) == ("return_service_suspended", ("S72",))
    assert outcome.states[0].state is ReturnState.DENIED
    outcome.when(r.request(freight_payer=payer, suspended=("S72",))).then_nothing()


def test_s87_the_return_says_where_the_parcel_is_handed_in() -> None:
    requested = given(decider).when(r.request(points=("usps",))).events[0]
    assert isinstance(requested, ReturnRequested) and requested.points == ("usps",)
    view = return_view(decider.fold(f"return-{r.RETURN_ID}", [requested]), 1, r.BUYER, r.FRIDAY)
    assert view["points"] == ("usps",)
