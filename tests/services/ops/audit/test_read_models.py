"""Read models = fold: a row that is not the fold of its subject is caught."""

import pytest

from ops.audit.check import Check
from ops.audit.read_models import Model, ModelCheck, Row
from shared.events.order import OrderCarrierLost
from tests.support.audit import AT, found, recorded

LOST = OrderCarrierLost(order_id="o1", lost_at=AT)


COUNTING: Model[int] = Model(
    "counts",
    "counts",
    "",
    "",
    lambda each: each.metadata.key,
    0,
    lambda state, _: state + 1,
    lambda key, state: {"count": state} if state else None,
)


def model_check(rows: dict[str, Row], included: int = 3) -> Check:
    """The log holds o1 at 1 and 3, o2 at 2."""
    check = ModelCheck(COUNTING, rows, included)
    for position, key in ((1, "o1"), (2, "o2"), (3, "o1")):
        check.add(recorded(position, f"order-{key}", 1, LOST, key))
    return check.result()


O1, O2 = Row(3, {"count": 2}), Row(2, {"count": 1})


@pytest.mark.parametrize(
    ("rows", "included", "faults"),
    [
        ({"o1": O1, "o2": O2}, 3, {}),
        ({"o1": Row(1, {"count": 1}), "o2": O2}, 2, {}),  # it does not yet include the third event, and need not
        ({"o1": O1}, 1, {}),
        ({"o1": Row(3, {"count": 1}), "o2": O2}, 3, {"wrong": 1}),
        ({"o1": Row(1, {"count": 1}), "o2": O2}, 3, {"behind": 1}),
        ({"o1": Row(2, {"count": 1}), "o2": O2}, 2, {"wrong": 1}),
        ({"o1": Row(9, {"count": 2}), "o2": O2}, 3, {"wrong": 1}),
        ({"o1": O1}, 3, {"missing": 1}),
        ({"o1": O1, "o2": O2, "o3": O2}, 3, {"extra": 1}),
    ],
)
def test_a_row_is_the_fold_up_to_the_position_that_it_names(
    rows: dict[str, Row], included: int, faults: dict[str, int]
) -> None:
    assert found(model_check(rows, included)) == faults
