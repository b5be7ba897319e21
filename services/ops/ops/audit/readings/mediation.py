"""Mediation of disputes, read by the audit itself: who has a case, what was ruled, and what a ruling still owes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ops.audit.entry import Data, instant, minor
from ops.audit.readings.waiting import BRINGS_NOTHING, NO_RESULT, State, awaits, counted_anew, first, parts_of

NO_ENTRY = frozenset({"SurveySubmitted", "SurveyWindowClosed"})
"""What is no part of a dispute's story."""
SENT_AGAIN = ("replacement", "exchange")
BY_ITS_WORD = ("refunded", "no_refund", "replaced")
"""How a dispute closes whose last word is carried out."""


def owed_by_ruling(dispute: State) -> Iterator[str]:
    """What was ruled is what was asked for, less what is asked back; and once all that is done, it ends."""
    ruling, state = dispute["ruling"], dispute["state"]
    goods_first = ruling["type"] == "return_and_refund" and not dispute["passed"]
    if goods_first and not dispute["return_id"]:
        yield "a decision with a return, and no ReturnDue"
    if state == "closed" and dispute["close_reason"] not in BY_ITS_WORD:
        return
    if state == "decided" and _has_lapsed(dispute) and not dispute["due"].get("appeal"):
        yield LAPSED
    same = _is_asked(dispute, parts_of(ruling))
    if not same and not (goods_first and not dispute["refunds"]):
        yield "a decision, and not the money that it says"
    paid = _is_paid(dispute)
    awaited = dispute["due"].get("appeal") or dispute["due"].get("replacement")
    if state == "decided" and same and paid and not awaited:
        yield "a decision that is carried out and final, and no DisputeClosed"


def owed_by_agreement(dispute: State) -> Iterator[str]:
    """What was agreed on is what was asked for, less what is asked back, or the goods come first; then it ends."""
    kind, is_open = dispute["solution"]["type"], dispute["state"] == "agreed"
    if kind == "return_and_refund" and not dispute["refunds"] and not dispute["passed"]:
        yield from [] if dispute["return_id"] else ["a solution with a return, and no ReturnDue"]
        yield from [LAPSED] if is_open and _has_lapsed(dispute) else []
    elif not is_open and dispute["close_reason"] not in BY_ITS_WORD:
        return
    elif not _is_asked(dispute, dispute["agreed"]):
        yield "an agreement, and not the money that it says"
    elif is_open and kind in SENT_AGAIN:
        yield from ["a replacement that has come, and no DisputeClosed"] if dispute["fulfilment"] == "replaced" else []
    elif is_open and dispute["refunds"] and _is_paid(dispute):
        yield "a refund that was paid, and no DisputeClosed"


def owed_by_cancellation(dispute: State) -> Iterator[str]:
    """Of a cancelled order all goes back; what is under way may still fail."""
    if not _is_asked(dispute, dispute["whole"]):
        yield "a cancelled order, and not the money that goes back"
    elif _is_paid(dispute):
        yield "a cancelled order whose money went back, and no DisputeClosed"


def owed_by_seller(dispute: State) -> Iterator[str]:
    """Of a seller who was paid before just that is asked which the buyer has: no more, no less, and of nobody else."""
    for line in {*dispute["paid_out"], *dispute["of_seller"]}:
        asked = [parts.get(line, 0) for parts, outcome in dispute["refunds"].values() if outcome not in BRINGS_NOTHING]
        has = sum(asked) - dispute["back"].get(line, 0) if line in dispute["paid_out"] else 0
        if dispute["of_seller"].get(line, 0) != has:
            yield f"a line {line} whose seller was paid, and not just that asked of him which the buyer has"


LAPSED = "a return that was not sent in time, and no DisputeClosed"


def _has_lapsed(dispute: State) -> bool:
    found: tuple[str, str] = dispute["fulfilment"], dispute["solution_type"]
    return found == ("lapsed", "return_and_refund")


def _is_asked(dispute: State, said: Mapping[str, int]) -> bool:
    """Whether what was asked for, less what is asked back, is what the last word says of each line: with what was
    refused, or without it, for that moved nothing.
    """
    asked, back = dispute["refunds"].values(), dispute["back"]
    stands = [(parts, outcome) for parts, outcome in asked if outcome != "refused"]
    return any(
        all(sum(parts.get(line, 0) for parts, _ in refunds) - back.get(line, 0) == said[line] for line in said)
        for refunds in (asked, stands)
    )


def _is_paid(dispute: State) -> bool:
    return all(outcome in ("issued", "abandoned") for _, outcome in dispute["refunds"].values())


def _claimed(dispute: State, data: Data) -> None:
    dispute.update(reviewer=data["reviewer"], reviewed_since=instant(data["claimed_at"]))


def _nobodys(dispute: State, _: Data) -> None:
    dispute.update(reviewer=None, reviewed_since=None)


def _asked_anew(dispute: State, data: Data) -> None:
    dispute["asked"] = [data["party"]]
    awaits(dispute, "escalated", evidence=data["evidence_until"])


def _heard(dispute: State, data: Data) -> None:
    dispute["asked"] = [party for party in dispute["asked"] if party != data["by"]]


def _reviewed(dispute: State, data: Data) -> None:
    awaits(dispute, "under_review", review=data["review_until"])


def _ruled(dispute: State, data: Data) -> None:
    ruling = data["ruling"]
    _nobodys(dispute, data)
    if data.get("decision") != "upheld":
        counted_anew(dispute)
    dispute.update(ruling=ruling, agreed=None, amount=minor(ruling["amount"]))
    dispute["solution_type"] = ruling["type"] or dispute["solution_type"]
    again = ruling["type"] in SENT_AGAIN
    reason = "replaced" if again else "refunded" if dispute["amount"] else "no_refund"
    dispute.update(result_amount=dispute["amount"], result_reason=reason, result_rules=data["rules"])
    dispute.update(result_at=instant(data["decided_at"]))
    dispute["reached_type"] = "arbitrated" if data.get("decision") in (None, "upheld") else "appeal"


def _decided(dispute: State, data: Data) -> None:
    _ruled(dispute, data)
    awaits(dispute, "decided", appeal=data["appeal_until"], survey=data["survey_until"])


def _appealed(dispute: State, data: Data) -> None:
    again = {} if data["review_until"] is None else {"appeal_review": data["review_until"]}
    awaits(dispute, "appeal_review", **again)


def _appeal_decided(dispute: State, data: Data) -> None:
    _ruled(dispute, data)
    awaits(dispute, "decided", **({} if dispute["surveyed"] else {"survey": data["survey_until"]}))
    dispute["next_due_at"] = None


def _appeal_over(dispute: State, _: Data) -> None:
    dispute["due"].pop("appeal", None)
    dispute["next_due_at"] = first(dispute)


def _surveyed(dispute: State, _: Data) -> None:
    dispute["due"].pop("survey", None)
    dispute["surveyed"] = True


def _survey_over(dispute: State, _: Data) -> None:
    dispute["due"].pop("survey", None)


def _back(dispute: State, data: Data) -> dict[str, int]:
    """What is asked back of that party, by line."""
    found: dict[str, int] = dispute["of_seller" if data.get("party") == "seller" else "back"]
    return found


def _asked_back(dispute: State, data: Data) -> None:
    back = _back(dispute, data)
    for line, amount in parts_of(data).items():
        back[line] = back.get(line, 0) + amount


def _not_asked_back(dispute: State, data: Data) -> None:
    back = _back(dispute, data)
    for line, amount in parts_of(data).items():
        back[line] = back.get(line, 0) - amount
    if dispute["state"] == "closed":  # its order was cancelled: what it came to is not what went any more
        dispute.update(ruling=None, agreed=None)


def _order_cancelled(dispute: State, data: Data) -> None:
    counted_anew(dispute)
    dispute.update(state="agreed", next_due_at=None, ruling=None, agreed=None, due={}, asked=[], **NO_RESULT)
    dispute.update(reviewer=None, reviewed_since=None, whole=parts_of(data), solution=None, surveyed=False)
    dispute.update(solution_type="refund_only", amount=minor(data["amount"]))


def _proposed(dispute: State, data: Data) -> None:
    dispute["proposed_until"] = instant(data["expires_at"])


def _answered(dispute: State, _: Data) -> None:
    dispute["proposed_until"] = None


def _forced(dispute: State, data: Data) -> None:
    _answered(dispute, data)
    _nobodys(dispute, data)
    if not data["ruling"]:
        return
    _ruled(dispute, data)
    awaits(dispute, "decided")
    dispute.update(reached_type="support_override", next_due_at=None)


def _sent_again(dispute: State, _: Data) -> None:
    dispute["replacement_sent"] = True


STEPS: Mapping[str, Callable[[State, Data], None]] = {
    "ReplacementShipped": _sent_again,
    "CaseClaimed": _claimed,
    "CaseReleased": _nobodys,
    "EvidenceRequested": _asked_anew,
    "EvidenceCompleted": _heard,
    "ReviewStarted": _reviewed,
    "ReviewOverdue": _reviewed,
    "DecisionIssued": _decided,
    "ProposalMade": _proposed,
    "SupportOverrideProposed": _proposed,
    "SupportOverrideApplied": _forced,
    "ProposalAgreed": _answered,
    "ProposalDeclined": _answered,
    "Appealed": _appealed,
    "AppealReviewOverdue": _appealed,
    "AppealDecided": _appeal_decided,
    "AppealWindowClosed": _appeal_over,
    "SurveySubmitted": _surveyed,
    "SurveyWindowClosed": _survey_over,
    "ClawbackRequested": _asked_back,
    "ClawbackNotDue": _not_asked_back,
    "CancellationNoted": _order_cancelled,
}
