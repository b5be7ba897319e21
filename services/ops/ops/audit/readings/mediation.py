"""Mediation of disputes, read by the audit itself: who has a case, what was ruled, and what a ruling still owes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ops.audit.entry import Data, instant, minor
from ops.audit.readings.waiting import NO_RESULT, State, awaits, first, parts_of

NO_ENTRY = frozenset({"SurveySubmitted", "SurveyWindowClosed"})
"""What is no part of a dispute's story."""


def owed_by_ruling(dispute: State) -> Iterator[str]:
    """What was ruled is what was asked for, less what is asked back; and once all that is done, it ends."""
    ruling, state = dispute["ruling"], dispute["state"]
    if any(outcome == "refused" for _, outcome in dispute["refunds"].values()):
        return
    goods_first = ruling["type"] == "return_and_refund" and not dispute["passed"]
    if goods_first and not dispute["return_id"]:
        yield "a decision with a return, and no ReturnDue"
    if state == "closed" and dispute["close_reason"] not in ("refunded", "no_refund", "replaced"):
        return
    ruled = {part["line_id"]: minor(part["amount"]) for part in ruling["lines"]}
    same = ruled == {name: _asked(dispute, name) for name in ruled}
    if not same and not (goods_first and not dispute["refunds"]):
        yield "a decision, and not the money that it says"
    paid = all(outcome == "issued" for _, outcome in dispute["refunds"].values())
    awaited = dispute["due"].get("appeal") or dispute["due"].get("replacement")
    if state == "decided" and same and paid and not awaited:
        yield "a decision that is carried out and final, and no DisputeClosed"


def owed_by_cancellation(dispute: State) -> Iterator[str]:
    """Of a cancelled order all goes back; what is under way may still fail."""
    refunds = dispute["refunds"].values()
    asked = {
        line: sum(parts.get(line, 0) for parts, outcome in refunds if outcome != "refused") for line in dispute["whole"]
    }
    if any(outcome == "refused" for _, outcome in refunds):
        return
    if asked != dispute["whole"]:
        yield "a cancelled order, and not the money that goes back"
    elif all(outcome == "issued" for _, outcome in refunds):
        yield "a cancelled order whose money went back, and no DisputeClosed"


def _asked(dispute: State, line: str) -> int:
    asked = sum(parts.get(line, 0) for parts, _ in dispute["refunds"].values())
    return int(asked) - int(dispute["back"].get(line, 0))


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
    dispute.update(ruling=ruling, amount=minor(ruling["amount"]))
    dispute["solution_type"] = ruling["type"] or dispute["solution_type"]
    again = ruling["type"] in ("replacement", "exchange")
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


def _asked_back(dispute: State, data: Data) -> None:
    for line, amount in parts_of(data).items():
        dispute["back"][line] = dispute["back"].get(line, 0) + amount


def _not_asked_back(dispute: State, data: Data) -> None:
    for line, amount in parts_of(data).items():
        dispute["back"][line] = dispute["back"].get(line, 0) - amount


def _order_cancelled(dispute: State, data: Data) -> None:
    dispute.update(state="agreed", next_due_at=None, ruling=None, due={}, asked=[], surveyed=False, **NO_RESULT)
    dispute.update(reviewer=None, reviewed_since=None, whole=parts_of(data), solution=None)
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
