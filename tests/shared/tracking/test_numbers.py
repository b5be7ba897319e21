"""Tracking numbers as a buyer types them: what is right is kept as the carrier writes it, the rest refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from shared.rejections import ValidationFailed
from shared.tracking.formats import FORMATS
from shared.tracking.numbers import NumberCheck, Tracking, number_check, tracking

RIGHT = {
    "S10": "EE123456785DE",
    "UPS 1Z": "1Z12345E0205271686",
    "UPS waybill": "H1234567895",
    "USPS 20": "7012 3456 7890 1234 5674",
    "USPS 22 to 26": "9400 1000 0000 0000 0000 06",
    "Canada Post": "1234 5678 9012 3452",
    "DHL Express": "1234 567 891",
    "DHL Paket": "00340434161094000007",
    "DPD 14": "0123 4567 8901 233",
    "FedEx 12": "1234 5678 9012",
    "FedEx 15": "123456789012343",
    "Purolator 12": "123456789015",
}
"""One of each, made up."""


def faults(number: str, carrier: str | None = None) -> list[str]:
    with pytest.raises(ValidationFailed) as refusal:
        tracking(number, carrier)
    assert refusal.value.cited == ("S81",)
    return [f"{error['pointer']} {error['code']}" for error in refusal.value.errors]


@pytest.mark.parametrize("name", RIGHT)
def test_s81_a_number_with_its_check_digit_is_right_and_with_any_other_mistyped(name: str) -> None:
    (kind,) = [one for one in FORMATS if one.name == name]
    number = re.sub(" ", "", RIGHT[name])
    place = 10 if name == "S10" else len(number) - 1
    assert kind.is_right(number)
    others = {*"0123456789"} - {number[place]}
    assert not any(kind.is_right(number[:place] + digit + number[place + 1 :]) for digit in others)


def test_s81_a_number_is_kept_as_the_carrier_writes_it() -> None:
    assert tracking(" 1z 123-45e.02 0527 1686 ".strip(), "united parcel service") == Tracking(
        "1Z12345E0205271686", "UPS", NumberCheck.CHECK_DIGIT
    )
    assert tracking("ltn 12345678 n1", "Landmark Global") == Tracking(
        "LTN12345678N1", "Landmark Global", NumberCheck.FORMAT
    )


def test_s81_a_carrier_that_is_not_known_is_taken_at_its_word() -> None:
    assert tracking("ab-12.34", "Kurier Müller") == Tracking("ab-12.34", "Kurier Müller", NumberCheck.NONE)
    assert tracking("123456789012", None) == Tracking("123456789012", None, NumberCheck.NONE)


def test_s81_what_can_be_nobody_else_s_is_judged_whoever_is_named() -> None:
    assert tracking("1Z12345E0205271686", None).carrier == "UPS"
    assert tracking("ee 123 456 785 de", "Deutsche Post").check is NumberCheck.CHECK_DIGIT
    assert tracking("EE123456785DE", "USPS").carrier == "USPS"
    assert faults("1Z12345E0205271687") == faults("EE123456786DE", "Deutsche Post") == ["/tracking_number check_digit"]


def test_s81_a_number_that_does_not_look_like_the_carrier_s_is_refused_with_a_way_out() -> None:
    assert faults("12345", "FedEx") == ["/tracking_number format"]
    assert faults("EE123456785XX", "USPS") == ["/tracking_number format"]
    assert tracking("12345", None).check is NumberCheck.NONE


def test_a_number_of_an_earlier_day_is_shown_whatever_it_is() -> None:
    assert number_check("12345", "FedEx") is NumberCheck.NONE


def test_the_page_lists_every_format_and_how_it_is_checked() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tracking-numbers.md").read_text("utf-8")
    rows = dict(re.findall(r"(?m)^\| [^|]+ \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", page))
    checks = {one.name: "check digit" if one.check else "look" for one in FORMATS}
    assert {name: how.split(":")[0] for name, how in rows.items() if name not in ("Kind", "---")} == checks


KINDS = {
    "UPS Waybill": ("UPS waybill",),
    "United States Postal Service": ("USPS 20", "USPS 20 of 22", "USPS 22 to 26"),
    "Purolator (alpha + 9)": ("Purolator letters",),
    "Purolator (12)": ("Purolator 12",),
}
"""Our formats by a kind of the vectors, or by their carrier where ours are named as that is."""
CARRIERS = {
    "United States Postal Service": "USPS",
    "S10 International Standard": "S10",
    "GOFO Express": "GOFO",
    "Landmark Global LTN": "Landmark Global",
    "Old Dominion Freight Line": "Old Dominion",
    "Spee-Dee Delivery": "Spee-Dee",
}


def test_s81_the_numbers_of_real_carriers_are_judged_right(shared_data: Path) -> None:
    lines = (shared_data / "tracking" / "vectors.jsonl").read_text("utf-8").splitlines()
    vectors = [json.loads(line) for line in lines]
    right = Counter[str]()
    wrong = []
    for vector in vectors:
        carrier = CARRIERS.get(vector["courier"], vector["courier"])
        kinds = [
            one for one in FORMATS if one.carrier == carrier and one.name in KINDS.get(vector["type"], (one.name,))
        ]
        number = re.sub("[^0-9A-Z]", "", vector["number"].upper())
        if any(one.is_right(number) for one in kinds) is vector["valid"]:
            right[vector["courier"]] += 1
        else:
            wrong.append(vector)
    print(f"{right.total()} of {len(vectors)} right,", ", ".join(f"{name} {n}" for name, n in sorted(right.items())))
    assert wrong == []
