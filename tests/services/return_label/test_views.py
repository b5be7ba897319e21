"""What the parties see of a return, and what it offers them."""

from typing import Any

import pytest

from return_label.domain.decider import decider
from return_label.views.returns import ReturnView, return_view
from shared.actions import Actions
from shared.events.base import Actor
from shared.events.return_label import ReturnRequested
from shared.rejections import NotFound
from tests.cases.plugin import Came
from tests.support.builders import returns as r
from tests.support.wire import on_the_wire


def goods(steps: int, actor: Actor) -> dict[str, Any]:
    view = return_view(decider.fold(f"return-{r.RETURN_ID}", r.INSPECTED[:steps]), steps, actor, r.FRIDAY)
    shown: dict[str, Any] = on_the_wire(view)
    return shown


def rels(view: dict[str, Any]) -> tuple[list[str], list[str]]:
    return [action["rel"] for action in view["available_actions"]], [
        action["rel"] for action in view["unavailable_actions"]
    ]


def test_s81_a_return_shows_each_step_of_its_way() -> None:
    view = goods(6, r.BUYER)
    assert view["state"] == "inspected"
    assert view["label"]["prepaid"] is True
    assert view["shipment"]["tracking_number"] == "TRACK1"
    assert view["receipt"]["inspect_by"] == "2026-03-11T00:00:00.000000Z"
    assert (view["inspection"]["result"], view["inspection"]["fault"]) == ("pass", None)


@pytest.mark.parametrize(
    ("steps", "actor", "available"),
    [
        (3, r.BUYER, ["ship", "void-label"]),
        (3, r.SELLER, []),
        (3, r.WAREHOUSE, ["receive"]),
        (4, r.BUYER, ["correct-tracking"]),
        (4, r.SELLER, []),
        (4, r.WAREHOUSE, ["receive"]),
        (5, r.SELLER, []),
        (5, r.WAREHOUSE, ["inspect"]),
        (6, r.WAREHOUSE, []),
    ],
)
def test_a_return_offers_what_its_commands_would_accept(steps: int, actor: Actor, available: list[str]) -> None:
    assert rels(goods(steps, actor))[0] == available


def test_a_return_s_action_says_until_when_and_the_others_why_not() -> None:
    view = goods(3, r.BUYER)
    assert view["available_actions"] == [
        {
            "rel": "ship",
            "method": "POST",
            "href": f"/v1/returns/{r.RETURN_ID}/shipment",
            "due_at": "2026-03-17T00:00:00.000000Z",
            "mandatory": True,
        },
        {
            "rel": "void-label",
            "method": "POST",
            "href": f"/v1/returns/{r.RETURN_ID}/void",
            "due_at": None,
            "mandatory": False,
        },
    ]
    assert [(action["rel"], action["code"]) for action in goods(3, r.WAREHOUSE)["unavailable_actions"]] == [
        ("inspect", "wrong_phase"),
    ]


@pytest.mark.case("B79a", given="a return of an order without the seller's address", right="warehouse")
def test_k22_a_return_without_an_address_goes_to_the_warehouse(came: Came) -> None:
    view = goods(3, r.BUYER)
    assert view["warehouse"] == {"ref": "warehouse", "href": f"/v1/returns/{r.RETURN_ID}/texts/warehouse"}
    came(view["address_ref"])


def test_k22_a_return_to_the_sellers_address_names_that() -> None:
    asked = r.requested(address_ref="txt_1", warehouse=None)
    view = return_view(decider.fold(f"return-{r.RETURN_ID}", [asked, *r.AUTHORIZED[1:]]), 3, r.BUYER, r.FRIDAY)
    assert (view["address_ref"], view["warehouse"]) == ("txt_1", None)


@pytest.mark.parametrize("actor", [r.OTHER_BUYER, r.OTHER_SELLER])
def test_strangers_see_no_return(actor: Actor) -> None:
    with pytest.raises(NotFound):
        goods(3, actor)


class Later(ReturnRequested):
    """What the next version stores of a request."""

    buyer_score: str


@pytest.mark.case("M2+4", given="a field of a return's event that nobody has listed", right="hidden")
def test_a_return_shows_what_its_view_names_and_nothing_that_an_event_holds_besides(came: Came) -> None:
    later = Later(**dict(r.requested()), buyer_score="0.13")
    for viewer in (r.BUYER, r.SELLER, r.WAREHOUSE, r.SUPPORT):
        view = return_view(decider.fold(f"return-{r.RETURN_ID}", [later, *r.INSPECTED[1:]]), 6, viewer, r.FRIDAY)
        assert set(view) == set(ReturnView.__annotations__) | set(Actions.__annotations__)
        assert "0.13" not in str(on_the_wire(view))
    came("hidden")
