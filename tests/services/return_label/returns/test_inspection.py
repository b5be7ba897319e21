"""Inspection: who may say what the goods are like, of all of them or piece by piece, and what follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from return_label.views.returns import return_view
from shared.events.base import Actor, Command
from shared.events.dispute import ReturnLine
from shared.events.ids import derived_id
from shared.events.inspection import InspectionFault, InspectionResult
from shared.events.return_label import ReturnEvent, ReturnInspected
from shared.rejections import DeadlinePassed, Forbidden, NotFound, ValidationFailed
from tests.support.builders import returns as r
from tests.support.spec import given

ANOTHER_WAREHOUSE = Actor(id="w2", roles=frozenset({"warehouse"}))
OF_ITS_SELLER: dict[str, Any] = {"address_ref": "txt_1", "warehouse": None}
LINES = (ReturnLine(line_id="a", quantity=3), ReturnLine(line_id="b", quantity=1))
DAMAGED, USED = InspectionFault.DAMAGED, InspectionFault.USED


def there(**terms: Any) -> tuple[ReturnEvent, ...]:
    """The goods have come."""
    return (r.requested(**terms), r.authorized(), r.labelled(), r.shipped(), r.received())


SEVERAL = there(lines=LINES)


def found(*lines: tuple[str, int | None, InspectionFault | None], **more: Any) -> Command:
    """So many pieces of each line pass, or have this fault."""
    said = [
        {"line_id": name, "quantity": count, "result": "fail" if fault else "pass", "fault": fault}
        for name, count, fault in lines
    ]
    shown = {"evidence": (r.SHOWN,)} if any(fault for _, _, fault in lines) else {}
    return r.inspect(result=None, lines=said, **shown | more)


@pytest.mark.parametrize(
    ("terms", "actor", "refusal"),
    [
        ({"warehouse_id": "w1"}, r.WAREHOUSE, None),
        ({}, r.WAREHOUSE, None),
        ({"warehouse_id": "w1"}, ANOTHER_WAREHOUSE, Forbidden),
        ({"warehouse_id": "w1"}, r.SELLER, Forbidden),
        ({}, r.SELLER, Forbidden),
        ({}, r.BUYER, Forbidden),
        ({}, r.SUPPORT, Forbidden),
        ({}, r.OTHER_SELLER, NotFound),
        (OF_ITS_SELLER, r.SELLER, None),
        (OF_ITS_SELLER, r.WAREHOUSE, Forbidden),
        (OF_ITS_SELLER, r.OTHER_SELLER, NotFound),
    ],
)
def test_k22_whom_the_goods_go_to_receives_and_inspects_them_and_nobody_else(
    terms: dict[str, Any], actor: Actor, refusal: type[Exception] | None
) -> None:
    sent, come = there(**terms)[:-1], there(**terms)
    for history, command in ((sent, r.receive(actor)), (come, r.inspect(actor))):
        stands = given(decider, *history).when(command)
        if refusal:
            stands.then_rejects(refusal)  # type: ignore[type-var]
        else:
            assert len(stands.events) == 1


@pytest.mark.parametrize("terms", [{"warehouse_id": "w1"}, OF_ITS_SELLER])
def test_t25_a_carrier_says_that_the_goods_came_wherever_they_go(terms: dict[str, Any]) -> None:
    given(decider, *there(**terms)[:-1]).when(r.receive(r.SERVICE)).then(r.received())


def test_s82_the_money_waits_until_the_last_piece_has_passed() -> None:
    first = given(decider, *SEVERAL).when(found(("a", 2, None))).then(r.examined(r.pieces("a", 2)))
    assert first.states[0].state is ReturnState.RECEIVED
    then = first.when(found(("a", None, None), ("b", 1, None), command_id=r.ship().command_id))
    looked_at = (r.pieces("a", 2), r.pieces("a", 1), r.pieces("b", 1))
    then.then(r.examined(r.pieces("a", 1), r.pieces("b", 1)), r.inspected(pieces=looked_at))


def test_s82_t27_with_the_last_piece_it_is_told_which_passed_and_what_shows_that_one_failed() -> None:
    used = r.pieces("a", 1, USED)
    partly = given(decider, *SEVERAL).when(found(("a", 1, USED))).then(r.examined(used, evidence=(r.SHOWN,)))
    rest, others = r.inspect(command_id=r.ship().command_id), (r.pieces("a", 2), r.pieces("b", 1))
    partly.when(rest).then(r.examined(*others), r.inspected(USED, pieces=(used, *others)))


ANOTHER = derived_id("evd", "o1", "another")
ELSEWHERE = derived_id("evd", "o2", "of another order")


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"fault": DAMAGED, "evidence": ()}, "/note", "missing"),
        ({"fault": DAMAGED, "evidence": (r.SHOWN, r.SHOWN)}, "/evidence/1", "repeated"),
        ({"fault": DAMAGED, "evidence": ("evd_1",)}, "/evidence/0", "unknown_evidence"),
        ({"fault": DAMAGED, "evidence": (ELSEWHERE,)}, "/evidence/0", "unknown_evidence"),
        ({"fault": DAMAGED, "evidence": (), "note": "Scratched."}, None, None),
        ({"evidence": (ANOTHER,)}, None, None),
    ],
)
def test_t27_a_fail_has_a_note_or_evidence_which_may_be_of_the_order(
    said: dict[str, Any], pointer: str | None, code: str | None
) -> None:
    inspection = given(decider, *there()).when(r.inspect(**said))
    if pointer:
        refusal = inspection.then_rejects(ValidationFailed)
        assert [(error["pointer"], error["code"]) for error in refusal.errors] == [(pointer, code)]
    else:
        assert inspection.events


def test_g12_a_return_has_at_most_twenty_items_in_all_its_steps() -> None:
    many = tuple(derived_id("evd", "o1", str(n)) for n in range(20))
    first = given(decider, *SEVERAL).when(found(("a", 1, USED), evidence=many[:19]))
    more = {"command_id": r.ship().command_id}
    assert first.when(found(("a", 1, USED), evidence=many[19:], **more)).events
    refusal = first.when(found(("a", 1, USED), evidence=(many[19], r.SHOWN), **more)).then_rejects(ValidationFailed)
    assert [error["code"] for error in refusal.errors] == ["too_many"]
    again = first.when(found(("a", 1, USED), evidence=many[:1], **more)).then_rejects(ValidationFailed)
    assert [error["code"] for error in again.errors] == ["repeated"]


@pytest.mark.parametrize(
    ("lines", "pointer"),
    [
        ([("a", 4, None)], "/lines/0"),
        ([("a", 3, None), ("a", 1, None)], "/lines/1"),
        ([("c", 1, None)], "/lines/0"),
        ([("c", None, None)], "/lines/0"),
    ],
)
def test_s109_no_more_pieces_are_inspected_than_go_back(lines: Any, pointer: str) -> None:
    refusal = given(decider, *SEVERAL).when(found(*lines)).then_rejects(ValidationFailed)
    assert [error["pointer"] for error in refusal.errors] == [pointer]
    assert given(decider, *SEVERAL).when(found(("a", 3, None))).events


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"result": None}, "/result"),
        ({"lines": [{"line_id": "a", "result": "pass"}]}, "/lines"),
        ({"result": None, "lines": [{"line_id": "a", "result": "fail"}]}, "/lines/0/fault"),
        ({"result": None, "lines": [{"line_id": "a", "result": "pass", "fault": "used"}]}, "/lines/0/fault"),
    ],
)
def test_t27_each_piece_has_a_result_and_what_fails_a_fault(said: dict[str, Any], pointer: str) -> None:
    refusal = given(decider, *SEVERAL).when(r.inspect(**said)).then_rejects(ValidationFailed)
    assert [error["pointer"] for error in refusal.errors] == [pointer]


def test_t28_of_what_nobody_looked_at_in_time_the_rest_counts_as_passed_and_a_piece_that_failed_goes_to_people() -> (
    None
):
    partly = given(decider, *SEVERAL).when(found(("a", 1, None)))
    assert [type(event).__name__ for event in partly.when(expired()).events] == ["InspectionTimedOut"]
    failed = given(decider, *SEVERAL).when(found(("a", 1, DAMAGED))).when(expired())
    (event,) = failed.events
    assert isinstance(event, ReturnInspected)
    assert (event.result, event.fault, event.rules) == (InspectionResult.FAILED, DAMAGED, ("S82", "T27", "D11"))
    assert event.pieces == (r.pieces("a", 1, DAMAGED), r.pieces("a", 2), r.pieces("b", 1))
    assert event.evidence == (r.SHOWN,)
    assert failed.states[0].state is ReturnState.INSPECTED


def test_d11_the_last_instant_of_the_inspection_is_the_one_before_its_end() -> None:
    just_before = r.INSPECT_BY - timedelta(microseconds=1)
    assert given(decider, *SEVERAL).when(found(("a", 1, None), at=just_before)).events
    given(decider, *SEVERAL).when(found(("a", 1, None), at=r.INSPECT_BY)).then_rejects(DeadlinePassed)


def test_s81_a_return_shows_what_was_found_of_which_pieces_and_what_is_left() -> None:
    partly = given(decider, *SEVERAL).when(found(("a", 1, USED), ("b", 1, None), note="Worn."))
    inspection = return_view(partly.states[0], 6, r.BUYER, r.FRIDAY)["inspection"]
    assert inspection
    assert (inspection["result"], inspection["rest"]) == (None, [{"line_id": "a", "quantity": 2}])
    shown = [(one["line_id"], one["quantity"], one["result"], one["fault"]) for one in inspection["lines"]]
    assert shown == [("a", 1, "fail", "used"), ("b", 1, "pass", None)]
    assert all(one["note"] for one in inspection["lines"])
    assert (inspection["evidence"], inspection["lines"][0]["evidence"]) == ((r.SHOWN,), (r.SHOWN,))


def expired() -> Command:
    return r.expire(DeadlineKind.INSPECTION, r.INSPECT_BY)
