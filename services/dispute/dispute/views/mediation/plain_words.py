"""Plain words of a decision: what goes, and when; what went already; what is asked back, of whom; what was given up and
does not go (S52, K18, K19, T31a).
"""

from __future__ import annotations

from collections.abc import Mapping

from dispute.domain.disputes.mediation.receipts import Receipt
from dispute.views.disputes.case_members import DecisionView
from shared.events.dispute import SENT_AGAIN, SolutionType
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.notifications.renderer import NamedAmounts, decision_in_words

IN_ALL = "in_all"
ALREADY = "already"
AT_ONCE = "at_once"
ASKED_BACK = "asked_back"
ASKED_OF_SELLER = "asked_of_seller"
AFTER_GOODS = "after_goods"
GIVEN_UP = "given_up"
NOTHING = "nothing"
AGAIN: Mapping[SolutionType, str] = {SolutionType.REPLACEMENT: "again", SolutionType.EXCHANGE: "another"}


def in_words(decision: DecisionView, receipt: Receipt, language: str) -> str:
    """The decision as a sentence."""
    return decision_in_words(decision["kind"], decision["at"], parts_of(decision, receipt), decision["rules"], language)


def parts_of(decision: DecisionView, receipt: Receipt) -> NamedAmounts:
    """What it comes to: a single movement of all the money says enough, else the whole comes first."""
    kind, amount = decision["type"], decision["amount"]
    moved = _moved(decision, receipt)
    if kind in SENT_AGAIN:
        return [(AGAIN[kind], amount), *moved]
    if not amount:
        return [(NOTHING, amount), *moved]
    whole = amount - _given_up(decision, receipt)
    to_buyer = [part for part in moved if part[0] not in (ASKED_OF_SELLER, GIVEN_UP)]
    single = len(to_buyer) == 1 and to_buyer[0][1] == whole
    return moved if single or not whole else [(IN_ALL, whole), *moved]


def _moved(decision: DecisionView, receipt: Receipt) -> list[tuple[str, Money]]:
    before = _fact(decision, receipt, "asked_minor")
    goes = _sum(decision, receipt, "refund")
    back = _asked_back(decision, receipt)
    gone = _given_up(decision, receipt)
    left = decision["amount"] + back - before - goes - gone
    waits = decision["type"] == SolutionType.RETURN_AND_REFUND and left > Money.zero(left)
    after_goods = [(AFTER_GOODS, left)] if waits else []
    moved = [(ALREADY, before), (AT_ONCE, goes), (ASKED_BACK, back), (GIVEN_UP, gone)]
    of_seller = [(ASKED_OF_SELLER, _sum(decision, receipt, "seller_clawback"))]
    return [*(part for part in moved if part[1]), *after_goods, *(part for part in of_seller if part[1])]


def _given_up(decision: DecisionView, receipt: Receipt) -> Money:
    return _money(decision, sum(receipt.given_up.values()))


def _asked_back(decision: DecisionView, receipt: Receipt) -> Money:
    """What is asked back by it, or was before and stays so."""
    stays = not receipt.results["clawback"] and not receipt.results["clawback_withdrawn"]
    return _fact(decision, receipt, "asked_back_minor") if stays else _sum(decision, receipt, "clawback")


def _fact(decision: DecisionView, receipt: Receipt, name: str) -> Money:
    """The sum of a fact by line: what was asked for, and neither refused nor given up, or asked back, before it."""
    by_line = next(fact.value for fact in receipt.facts if fact.name == name)
    return _money(decision, sum(by_line.values()))


def _money(decision: DecisionView, minor: int) -> Money:
    like = decision["amount"]
    return Money(minor, like.currency, like.exponent)


def _sum(decision: DecisionView, receipt: Receipt, name: str) -> Money:
    parts = (LineAmount.model_validate(part).amount for part in receipt.results.get(name, ()))
    return sum(parts, start=Money.zero(decision["amount"]))
