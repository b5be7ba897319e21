"""Form of a dispute: type, reason, evidence, text (G7) and amount (G9)."""

from __future__ import annotations

import gzip
import json
import unicodedata
from pathlib import Path

import pytest
from pydantic import ValidationError

from dispute.domain.decider import decider
from dispute.domain.disputes.form import FORM_TYPES, guard_amount
from dispute.domain.disputes.opening.opening import OpenDispute
from shared.events.dispute import Decision, DisputedLine, SolutionType
from shared.events.money import Money
from shared.rejections import ValidationFailed, guard_text
from tests.support.builders.disputes import countered, modify, open_dispute, opened, respond
from tests.support.builders.orders import on, order
from tests.support.spec import given

SHIPPED = order(shipped="Mar 1")


# S29: exactly one type


@pytest.mark.parametrize("type_", FORM_TYPES)
def test_s29_the_form_takes_either_type(type_: SolutionType) -> None:
    events = given(decider, SHIPPED).when(open_dispute(on("Mar 12"), type=type_)).events
    assert events[0].request.type == type_


@pytest.mark.parametrize(
    "chosen", [{}, {"type": ["refund_only", "return_and_refund"]}, {"type": None}, {"type": "replacement"}]
)
def test_s29_no_type_and_both_types_are_no_command(chosen: dict[str, object]) -> None:
    whole = dict(open_dispute(on("Mar 12")))
    whole.pop("type")
    with pytest.raises(ValidationError):
        OpenDispute.model_validate(whole | chosen)


# S30: the reason


def test_s30_a_reason_is_required() -> None:
    whole = dict(open_dispute(on("Mar 12")))
    whole.pop("reason")
    with pytest.raises(ValidationError):
        OpenDispute.model_validate(whole)


# S31: no Chinese characters or punctuation


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("坏", [0]),
        ("broken, 坏了", [8, 9]),
        ("full\uff0cwidth", [4]),
        ("stop\u3002", [4]),
        ("\u3000", [0]),
        ("〇々〆", [0, 1, 2]),
        ("\ufe30 \ufe4f", [0, 2]),
        ("\uff00\uffef", [0, 1]),
        ("\U00020000\U0002fa1d\U0003134a", [0, 1, 2]),
        ("a\U0001f600坏", [2]),
    ],
)
def test_s31_chinese_text_is_refused_with_its_positions(text: str, positions: list[int]) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        guard_text(description=text)
    assert refusal.value.cited == ("S31",)
    assert [(error["pointer"], error["positions"]) for error in refusal.value.errors] == [("/description", positions)]


OTHER_WRITING = [
    "é",
    "Сломано",
    "\u201ccurly\u201d \u2018quotes\u2019",
    "dash \u2013 \u2014",
    "ellipsis\u2026",
    "かな カナ",
    "한국어",
    "\u3040 \ufe2f \ufe50 \ufeff",
    "😀",
]


@pytest.mark.parametrize("text", OTHER_WRITING)
def test_s31_other_writing_passes(text: str) -> None:
    guard_text(description=text)


def test_s31_every_ideograph_that_python_knows_is_refused() -> None:
    names = ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "CJK RADICAL", "KANGXI RADICAL")
    han = [chr(code) for code in range(0x110000) if unicodedata.name(chr(code), "").startswith(names)]
    with pytest.raises(ValidationFailed) as refusal:
        guard_text(description="".join(han))
    assert refusal.value.errors[0]["positions"] == list(range(len(han)))


def test_s31_each_field_at_fault_is_named() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        guard_text(reason="坏", address="ok", description="了")
    assert [error["pointer"] for error in refusal.value.errors] == ["/reason", "/description"]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("一个月了，包裹还没有到。", True),
        ("The box was empty, 很失望 indeed.", True),
        ("Não recebi o produto, já faz um mês. Quero meu dinheiro de volta!", False),
        ("Veio quebrado — a caixa estava aberta…", False),
    ],
)
def test_s31_a_complaint_in_chinese_is_refused_and_one_in_portuguese_passes(text: str, refused: bool) -> None:
    assert _is_refused(text) == refused


def test_s31_real_chinese_complaints_are_refused_and_portuguese_ones_pass(shared_data: Path) -> None:
    chinese = [
        text for text in _texts(shared_data, "zh", "text") if any("\u4e00" <= letter <= "\u9fff" for letter in text)
    ]
    portuguese = _texts(shared_data, "pt", "message")
    assert len(chinese) > 1000 < len(portuguese)
    assert [text for text in chinese if not _is_refused(text)] == []
    assert [text for text in portuguese if _is_refused(text)] == []


def _texts(shared_data: Path, language: str, field: str) -> list[str]:
    with gzip.open(shared_data / "text" / f"complaints_{language}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [str(json.loads(line)[field]) for line in lines]


def _is_refused(text: str) -> bool:
    try:
        guard_text(description=text)
    except ValidationFailed:
        return True
    return False


def test_s31_applies_to_request_response_counter_offer_and_modification() -> None:
    given(decider, SHIPPED).when(open_dispute(on("Mar 12"), description="坏")).then_rejects(ValidationFailed)
    given(decider, opened()).when(respond(Decision.REJECT, on("Mar 13"), reason="坏")).then_rejects(ValidationFailed)
    given(decider, countered()).when(modify(on("Mar 14"), description="坏")).then_rejects(ValidationFailed)


# G9: the amount and its parts


def disputed(*caps: int) -> list[DisputedLine]:
    return [DisputedLine(line_id=f"l{i}", quantity=1, cap=Money(cap, "USD")) for i, cap in enumerate(caps)]


@pytest.mark.parametrize("minor", [0, -1])
def test_s45_g9_nothing_and_less_is_no_amount(minor: int) -> None:
    with pytest.raises(ValidationFailed):
        guard_amount(Money(minor, "USD"), disputed(100))
