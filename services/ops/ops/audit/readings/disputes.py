"""Disputes, read by the audit itself: what each event makes of a dispute's row, and what a solution still owes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ops.audit.entry import Data, Entry, exponent, instant, minor
from ops.audit.readings import chargebacks, mediation
from ops.audit.readings.waiting import ASKED, NO_RESULT, State, awaits, counted_anew, first, paid_in_part, parts_of

COLUMNS = (
    *("version", "order_id", "buyer_id", "seller_id", "opened_at", "state", "fulfilment", "reason", "return_id"),
    *("refund_outcome", "solution_type", "amount", "currency", "exponent", "next_due_at", "refund_id", "refunded"),
    *("return_outcome", "close_reason", "closed_at", "answer_by", "negotiate_until", "reviewer", "reviewed_since"),
    *("asked", "result_amount", "result_reason", "reached_type", "result_rules", "result_at"),
    *("proposed_until", "replacement_sent", "charged_back_by"),
)
RETURN_STEPS = {"voided": "none", "shipped": "return_shipped", "received": "return_received", "denied": "none"}
PASSED = ("passed", "not_inspected", "lost")
"""What becomes of goods whose money follows."""
REFUND_STEPS = {
    "issued": "refund_issued",
    **dict.fromkeys(("failed", "sent_to_manual"), "refund_failed"),
    **dict.fromkeys(("refused", "abandoned"), "none"),
}
BACK_AND_ON = ("tried_again", "failed_again", "with_people", "given_up", "issued_again")
OF_THE_BANK = ("settled", "overdue", "returned_by_bank", *BACK_AND_ON)
"""What becomes of money that was paid, and changes nothing of the dispute."""
SHOWN = {"buyer_response": "answer_by", "negotiation": "negotiate_until"}
"""The deadlines that have a column of their own."""


def beginning() -> State:
    """A dispute of which nothing is known."""
    return {
        **dict.fromkeys(COLUMNS),
        **dict.fromkeys(("solution", "ruling", "agreed", "whole")),
        **dict.fromkeys(("passed", "surveyed", "replacement_sent"), False),
        "fulfilment": "none",
        "charged_back_by": [],
        "asked": [],
        "due": {},
        "lines": (),
        "refunds": {},
        "back": {},
        "of_seller": {},
        "paid_out": (),
    }


def fold(dispute: State, entry: Entry) -> None:
    """The dispute after one more event."""
    dispute["version"], before = entry.version, dispute["state"]
    if step := STEPS.get(entry.name) or mediation.STEPS.get(entry.name):
        step(dispute, entry.data)
    if dispute["state"] != before:  # what was proposed was proposed for the state before
        dispute["proposed_until"] = None


def row(dispute: State) -> State | None:
    """The dispute's row in `disputes`; None before it was opened."""
    return {name: dispute[name] for name in COLUMNS} if dispute["order_id"] else None


def owed(dispute: State) -> Iterator[str]:
    """What the events promise and no event has brought: money or goods for a solution, an end for what was paid."""
    if dispute["charged_back_by"]:
        return
    if dispute["ruling"] and dispute["state"] in ("decided", "closed"):
        yield from mediation.owed_by_ruling(dispute)
    if dispute["agreed"] is not None and dispute["state"] in ("agreed", "closed"):
        yield from mediation.owed_by_agreement(dispute)
    if dispute["whole"] is not None and dispute["state"] == "agreed":
        yield from mediation.owed_by_cancellation(dispute)
    yield from mediation.owed_by_seller(dispute)


def _opened(dispute: State, data: Data) -> None:
    for name in ("order_id", "buyer_id", "seller_id", "reason"):
        dispute[name] = data[name]
    dispute["opened_at"] = instant(data["opened_at"])
    dispute["paid_out"] = tuple((data.get("by_law") or {}).get("paid_out") or ())
    dispute["lines"] = tuple((line["line_id"], line["quantity"]) for line in data["lines"])
    _solution(dispute, data["request"])
    dispute.update(currency=data["request"]["amount"]["currency"], exponent=exponent(data["request"]["amount"]))
    awaits(dispute, "awaiting_seller", seller_response=data["respond_by"])


def _responded(dispute: State, data: Data) -> None:
    dispute.update({column: instant(data[column]) for column in SHOWN.values()})
    negotiation = {} if dispute["due"].get("negotiation") else {"negotiation": data["negotiate_until"]}
    awaits(dispute, "awaiting_buyer", buyer_response=data["answer_by"], **negotiation)


def _modified(dispute: State, data: Data) -> None:
    dispute["reason"] = data["reason"]
    _solution(dispute, data["request"])
    awaits(dispute, "awaiting_seller", seller_response=data["respond_by"])


def _reached(dispute: State, data: Data) -> None:
    until = data["replacement_until"]
    dispute["due"]["replacement"] = instant(until)
    if until:
        dispute["fulfilment"] = "replacement_pending"
    if data["reached_type"] not in ("arbitrated", "appeal", "support_override"):
        counted_anew(dispute)
        dispute.update(state="agreed", ruling=None, agreed=parts_of(data), result_rules=data["rules"], **NO_RESULT)
        dispute["next_due_at"] = first(dispute)
    dispute.update(solution=data["solution"], replacement_sent=False)
    _solution(dispute, data["solution"])


def _escalated(dispute: State, data: Data) -> None:
    dispute.update(reviewer=None, reviewed_since=None, ruling=None, agreed=None, asked=[], surveyed=False, **NO_RESULT)
    dispute.update(due={}, replacement_sent=False)
    awaits(dispute, "escalated", evidence=data["evidence_until"])


def _refund_due(dispute: State, data: Data) -> None:
    dispute.update(fulfilment="refund_pending", refund_id=data["refund_id"], refund_outcome=None, proposed_until=None)
    if data.get("replaces") in dispute["refunds"]:
        _asked_again(dispute["refunds"], data["replaces"], parts_of(data))
    dispute["refunds"][data["refund_id"]] = (parts_of(data), None)


def _asked_again(refunds: State, refused: str, again: Mapping[str, int]) -> None:
    """What is not asked for again of a refund that was refused is given up."""
    parts = refunds[refused][0]
    refunds[refused] = ({line: units - again.get(line, 0) for line, units in parts.items()}, "abandoned")


def _return_due(dispute: State, data: Data) -> None:
    dispute.update(fulfilment="return_pending", return_id=data["return_id"])


def _return_not_due(dispute: State, _: Data) -> None:
    dispute["fulfilment"] = "none"


def _replaced(dispute: State, _: Data) -> None:
    dispute["fulfilment"] = "replaced"
    _not_awaited(dispute)


def _not_replaced(dispute: State, _: Data) -> None:
    dispute.update(fulfilment="none", replacement_sent=False)
    _not_awaited(dispute)


def _overdue(dispute: State, _: Data) -> None:
    """The escalation that follows ends the waiting."""
    dispute["fulfilment"] = "none"


def _not_awaited(dispute: State) -> None:
    dispute["due"].pop("replacement", None)
    if dispute["state"] == "agreed":
        dispute["next_due_at"] = first(dispute)


def _refund_noted(dispute: State, data: Data) -> None:
    outcome, refund_id = data["outcome"], data["refund_id"]
    ends_doubt = outcome.startswith("found_")  # a word on what was paid or given up before
    is_last = refund_id == dispute["refund_id"] and not ends_doubt
    if is_last:
        dispute["refund_outcome"] = outcome
    if refund_id in dispute["refunds"] and outcome not in OF_THE_BANK and not ends_doubt:
        dispute["refunds"][refund_id] = (dispute["refunds"][refund_id][0], outcome)
        if outcome == "issued":
            paid_in_part(dispute, refund_id, parts_of(data))
    if outcome in ("issued", "found_paid"):
        dispute["refunded"] = (dispute["refunded"] or 0) + minor(data["amount"])
    if dispute["fulfilment"] not in ("replacement_pending", "replaced"):  # else money from before the parcel
        step = REFUND_STEPS.get(outcome, dispute["fulfilment"]) if is_last else dispute["fulfilment"]
        dispute["fulfilment"] = "refund_issued" if step == "none" and dispute["refunded"] else step


def _return_noted(dispute: State, data: Data) -> None:
    outcome, pending = data["outcome"], dispute["fulfilment"] == "return_pending"
    dispute.update(return_outcome=outcome, fulfilment=RETURN_STEPS.get(outcome, dispute["fulfilment"]))
    if outcome == "lapsed" and pending:
        dispute["fulfilment"] = "lapsed"
    dispute["passed"] = dispute["passed"] or outcome in PASSED


def _closed(dispute: State, data: Data) -> None:
    closed_at = instant(data["closed_at"])
    dispute.update(state="closed", next_due_at=None, close_reason=data["reason"], closed_at=closed_at)
    dispute.update(result_amount=minor(data["amount"]), result_reason=data["reason"], result_at=closed_at)
    dispute["reached_type"] = data.get("reached_type")
    grounds = dispute["result_rules"] or [] if dispute["reached_type"] else []
    dispute["result_rules"] = [*grounds, *data["rules"]]


def _moved(dispute: State, data: Data) -> None:
    kind = data["kind"]
    dispute["due"][kind] = instant(data["due_at"])
    if kind in SHOWN:
        dispute[SHOWN[kind]] = dispute["due"][kind]
    if kind in ASKED.get(dispute["state"], ()):
        dispute["next_due_at"] = first(dispute)


def _solution(dispute: State, solution: Data) -> None:
    dispute.update(solution_type=solution["type"], amount=minor(solution["amount"]))


STEPS: Mapping[str, Callable[[State, Data], None]] = {
    "DisputeOpened": _opened,
    "SellerResponded": _responded,
    "RequestModified": _modified,
    "SolutionReached": _reached,
    "Escalated": _escalated,
    "RefundDue": _refund_due,
    "ReturnDue": _return_due,
    "ReturnNotDue": _return_not_due,
    "ReplacementReceived": _replaced,
    "ReplacementOverdue": _overdue,
    "ReplacementNotDue": _not_replaced,
    "RefundNoted": _refund_noted,
    "ReturnNoted": _return_noted,
    "DisputeClosed": _closed,
    **chargebacks.OF_A_DISPUTE,
    "DeadlineMoved": _moved,
}

BESIDE = frozenset({"dispute_id", "order_id", "payment_id", "buyer_id", "seller_id", "terms", "rules"})
"""What an entry of the history holds elsewhere."""
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def history_row(entry: Entry) -> State:
    """The entry of the dispute's history that an event is."""
    return {
        "at": instant(entry.metadata["at"]),
        "actor": entry.metadata["actor"],
        "action": _WORD.sub("_", entry.name).lower(),
        "rules": list(entry.data.get("rules", ())),
        "detail": _without_nothing({name: value for name, value in entry.data.items() if name not in BESIDE}),
    }


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nothing(member) for name, member in value.items() if member is not None}
    return [_without_nothing(member) for member in value] if isinstance(value, list) else value
