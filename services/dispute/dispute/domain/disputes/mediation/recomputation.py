"""Recomputation: a decision decided anew from the facts of its receipt, which is all that it knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dispute.domain.disputes.difference import Parts
from dispute.domain.disputes.settlement import split
from shared.events.base import wire_time
from shared.events.calendar import within_days
from shared.events.dispute import DisputedLine, Solution, SolutionType
from shared.events.mediation import AppealOutcome, Ruling
from shared.events.money import Money, total
from shared.events.order import LineAmount

Facts = Mapping[str, Any]
Results = Mapping[str, Any]


def decided_anew(facts: Facts) -> Results:
    """What these facts come to."""
    results = _decided(facts)
    return {**results, **_of_seller(facts, results)} if "paid_out" in facts else results


def _decided(facts: Facts) -> Results:
    if "solution" in facts:
        return _agreed(facts)
    if "appeal" in facts:
        return _on_appeal(facts)
    return _carried_out(facts) if "carried" in facts else _ruled(facts)


def _agreed(facts: Facts) -> Results:
    """An agreement: the amount over the lines by their caps, and its money, or first the goods (G9, K14)."""
    solution = Solution.model_validate(facts["solution"])
    disputed = [DisputedLine.model_validate(line) for line in facts["lines"]]
    lines = split(solution.amount, disputed, facts.get("passed_minor"))
    return _results(lines, **_asked(facts, lines, solution.type))


def _ruled(facts: Facts) -> Results:
    """A decision: what was found, all of it asked for at once (S57), or first the goods."""
    ruling = Ruling.model_validate(facts["found"])
    appeal, survey = _until(facts, "appeal_days"), _until(facts, "survey_days")
    return _results(ruling.lines, appeal=appeal, survey=survey, **_asked(facts, ruling.lines, ruling.type))


def _on_appeal(facts: Facts) -> Results:
    """An appeal: nothing where it is upheld, else the difference to what was asked for (K18)."""
    survey = _until(facts, "survey_days")
    if facts["appeal"]["decision"] == AppealOutcome.UPHELD:
        return _results(Ruling.model_validate(facts["standing"]).lines, survey=survey)
    return _carried_out(facts, survey)


def _carried_out(facts: Facts, survey: str | None = None) -> Results:
    """What takes the place of what stood, also by an override, which nobody appeals (T37): the difference to what was
    asked for, or first the goods, as long as no money was asked for, refused or not.
    """
    ruling, carried = Ruling.model_validate(facts["found"]), facts["carried"]
    if ruling.type == SolutionType.RETURN_AND_REFUND and not carried["money"]:
        return _results(ruling.lines, goods=not carried["goods"], survey=survey)
    return _results(ruling.lines, survey=survey, **_moved(facts, ruling.lines))


def _asked(facts: Facts, lines: Parts, kind: SolutionType | None) -> Results:
    """First the goods, or the difference in money; goods of which money is asked for are not asked for again."""
    goods = kind == SolutionType.RETURN_AND_REFUND and not facts["asked_minor"]
    return {"goods": True} if goods else _moved(facts, lines)


def _moved(facts: Facts, lines: Parts) -> Results:
    """What these amounts are above, and below, what was asked for; what is asked back already is not asked anew."""
    apart = [(part, part.amount.minor - facts["asked_minor"].get(part.line_id, 0)) for part in lines]
    more = [_part(part, minor) for part, minor in apart if minor > 0]
    less = [_part(part, -minor) for part, minor in apart if minor < 0]
    back = facts["asked_back_minor"]
    if {part.line_id: part.amount.minor for part in less} == back:
        return {"refund": more}
    return {"refund": more, "clawback": less, "withdrawn": back}


def _of_seller(facts: Facts, results: Results) -> Results:
    """Of a seller who was paid before just that is asked which the buyer then has of it (K19)."""
    more, back = _minor(results["refund"]), _minor(results["clawback"])
    if not back and not results["clawback_withdrawn"]:
        back = facts["asked_back_minor"]
    has = {
        name: facts["asked_minor"].get(name, 0) + more.get(name, 0) - back.get(name, 0) for name in facts["paid_out"]
    }
    owed = [_money(line, has.get(line["line_id"], 0)) for line in facts["lines"]]
    asked, standing = _plain([part for part in owed if part.amount]), facts["asked_of_seller_minor"]
    if _minor(asked) == standing:
        return {"seller_clawback": [], "seller_clawback_withdrawn": {}}
    return {"seller_clawback": asked, "seller_clawback_withdrawn": standing}


def _minor(parts: Iterable[Any]) -> Mapping[str, int]:
    return {part.line_id: part.amount.minor for part in map(LineAmount.model_validate, parts)}


def _money(line: Any, minor: int) -> LineAmount:
    cap = DisputedLine.model_validate(line).cap
    return LineAmount(line_id=line["line_id"], amount=Money(minor, cap.currency, cap.exponent))


def _part(like: LineAmount, minor: int) -> LineAmount:
    return LineAmount(line_id=like.line_id, amount=Money(minor, like.amount.currency, like.amount.exponent))


def _until(facts: Facts, days: str) -> str:
    """The end of a window that begins with the decision (D6, D7)."""
    terms = facts["terms"]
    return wire_time(within_days(datetime.fromisoformat(facts["decided_at"]), terms[days], terms["timezone"]))


def _results(
    lines: Parts,
    refund: Parts = (),
    clawback: Parts = (),
    withdrawn: Mapping[str, int] | None = None,
    goods: bool = False,
    appeal: str | None = None,
    survey: str | None = None,
) -> Results:
    amount = total([part.amount for part in lines])
    return {
        "lines": _plain(lines),
        "amount": {"amount": amount.amount, "currency": amount.currency},
        "refund": _plain([part for part in refund if part.amount]),
        "clawback": _plain(clawback),
        "clawback_withdrawn": dict(withdrawn or {}),
        "goods": goods,
        "appeal_until": appeal,
        "survey_until": survey,
    }


def _plain(parts: Parts) -> list[Any]:
    return [part.model_dump(mode="json") for part in parts]
