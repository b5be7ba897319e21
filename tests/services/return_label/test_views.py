"""What the parties see of a return, and what it offers them."""

from typing import Any

import pytest

from return_label.domain.decider import decider
from return_label.views.returns import return_view
from shared.events.base import Actor
from shared.rejections import NotFound
from tests.support.builders import returns as r
from tests.support.wire import on_the_wire


def goods(steps: int, actor: Actor) -> dict[str, Any]:
    view = return_view(decider.fold(f"return-{r.RETURN_ID}", r.INSPECTED[:steps]), steps, actor)
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
        (3, r.BUYER, ["ship"]),
        (3, r.SELLER, []),
        (4, r.BUYER, []),
        (4, r.SELLER, ["receive"]),
        (4, r.WAREHOUSE, ["receive"]),
        (5, r.SELLER, ["inspect"]),
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
        }
    ]
    assert [(action["rel"], action["code"]) for action in goods(3, r.SELLER)["unavailable_actions"]] == [
        ("receive", "wrong_phase"),
        ("inspect", "wrong_phase"),
    ]


@pytest.mark.parametrize("actor", [r.OTHER_BUYER, r.OTHER_SELLER])
def test_strangers_see_no_return(actor: Actor) -> None:
    with pytest.raises(NotFound):
        goods(3, actor)
