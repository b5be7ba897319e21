"""What cannot name anything is not found."""

import pytest

from shared.events.ids import derived_id
from shared.http.problems import Refusal
from shared.http.request.paths import refuse_ids_without_slot


@pytest.mark.parametrize(
    "name", ["dispute_id", "evidence_id", "notification_id", "refund_id", "return_id", "warranty_id"]
)
@pytest.mark.parametrize("text", ["", "o1", "dsp", "dsp_", "dsp_zzz", "rfd_c00", "evd_FFF", "ret_fff0"])
def test_an_id_of_ours_that_carries_no_slot_names_nothing(name: str, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        refuse_ids_without_slot({name: text})
    assert refused.value.code == "not_found"


def test_ids_of_ours_and_ids_from_outside_may_name_something() -> None:
    ours = {"dispute_id": derived_id("dsp", "o1"), "refund_id": derived_id("rfd", "o1"), "return_id": "ret_bff"}
    refuse_ids_without_slot({**ours, "order_id": "o1", "ref": "-", "name": "swagger-ui.css"})
