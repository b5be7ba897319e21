"""Texts of notifications: whatever is told, in each language, no word is missing."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.money import Money
from shared.events.notification import NotificationRequested
from shared.notifications.renderer import LANGUAGES, TEXTS, decision_in_words, language_for, render

WHAT = ("at_once", "after_goods", "already", "asked_back", "in_all", "again", "another", "nothing")
AT = datetime(2026, 3, 18, 7, tzinfo=UTC)
ASKED = NotificationRequested(
    notification_id="ntf_1",
    kind="seller_responded",
    recipient="buyer-1",
    role="buyer",
    source_event="dispute-dsp_1/2",
    order_id="o1",
    dispute_id="dsp_1",
    about="dsp_1",
    deadline="buyer_response",
    due_at=AT,
    amount=Money.parse("20.00", "USD"),
    requested_at=AT,
    rules=("S54",),
)
KINDS, DEADLINES = sorted(TEXTS["en"]["kinds"]), sorted(TEXTS["en"]["deadlines"])
NAMES = st.text(string.ascii_letters + string.digits + "#-_. äж中", min_size=1, max_size=40)
MONEY = st.builds(lambda minor: Money(minor, "USD"), st.integers(1, 10**9))


@given(
    kind=st.sampled_from(KINDS),
    language=st.sampled_from(LANGUAGES),
    order_id=NAMES,
    amount=st.none() | MONEY,
    due=st.none() | st.tuples(st.sampled_from(DEADLINES), st.datetimes(timezones=st.just(UTC))),
)
def test_s54_whatever_is_told_reads_without_a_missing_word(
    kind: str, language: str, order_id: str, amount: Money | None, due: tuple[str, datetime] | None
) -> None:
    deadline, due_at = due or (None, None)
    more = {"kind": kind, "order_id": order_id, "amount": amount, "deadline": deadline, "due_at": due_at}
    text = render(ASKED.model_copy(update=more), language)
    assert text["lang"] == language
    assert text["title"] == TEXTS[language]["kinds"][kind]["title"]
    assert text["body"].startswith(TEXTS[language]["kinds"][kind]["body"])
    assert order_id in text["body"]
    assert (amount is None) or f"{amount.amount} USD" in text["body"]
    assert (deadline is None) or TEXTS[language]["deadlines"][deadline] in text["body"]
    assert not {"{", "}", "None"} & set(text["body"].replace("None", "{" if "None" not in order_id else ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_s54_every_language_has_the_same_kinds_and_deadlines_each_with_title_and_body(language: str) -> None:
    texts = TEXTS[language]
    assert (sorted(texts["kinds"]), sorted(texts["deadlines"])) == (KINDS, DEADLINES)
    assert all({"title", "body"} == kind.keys() and all(kind.values()) for kind in texts["kinds"].values())
    assert all(texts["deadlines"].values())


def test_s54_a_notification_reads_as_a_person_writes_it() -> None:
    assert render(ASKED, "en") == {
        "lang": "en",
        "title": "The seller has answered",
        "body": "The seller has answered your request. Amount: 20.00 USD. "
        "Before 2026-03-18 07:00 UTC: answer the seller. Order o1, reference dsp_1.",
    }
    assert render(ASKED, "zh")["body"] == (
        "卖家已答复您的请求。金额：20.00 USD。请在 2026-03-18 07:00 UTC 之前答复卖家。订单 o1，编号 dsp_1。"
    )


def test_a_kind_of_a_newer_version_is_named_as_it_is() -> None:
    text = render(ASKED.model_copy(update={"kind": "gift_sent", "deadline": "unpacking"}), "en")
    assert text["title"] == "gift_sent"
    assert "unpacking" in text["body"]


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("fr, ru;q=0.5", "ru"),
        ("fr", "en"),
        ("es;q=0, zh;q=0.1", "zh"),
        ("ZH-hans", "zh"),
        ("en;q=x, es;q=0.2", "es"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best_of_those_that_are_here(accept: str, language: str) -> None:
    assert language_for(accept) == language


@pytest.mark.parametrize("language", LANGUAGES)
@given(kind=st.sampled_from(sorted(TEXTS["en"]["decision"]["by"])), amount=MONEY, what=st.sampled_from(WHAT))
def test_s52_a_decision_reads_as_a_sentence_without_a_missing_word(
    language: str, kind: str, amount: Money, what: str
) -> None:
    sentence = decision_in_words(kind, AT, [(what, amount), ("nothing", amount)], ("S2", "T15"), language)
    texts = TEXTS[language]["decision"]
    assert sentence.startswith(texts["by"][kind]) and "2026-03-18" in sentence and "S2, T15" in sentence
    assert (f"{amount.amount} USD" in sentence) == (what not in ("again", "another", "nothing"))
    assert texts["between"] + texts["nothing"] in sentence
    assert not {"{", "}"} & set(sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_s52_every_language_has_all_words_of_a_decision(language: str) -> None:
    words, english = TEXTS[language]["decision"], TEXTS["en"]["decision"]
    assert (words.keys(), words["by"].keys()) == (english.keys(), english["by"].keys())
    assert all(words.values()) and all(words["by"].values())
