"""View of a decision's receipt: the decision, the facts that it rests on, and whether they come to the same again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from typing_extensions import TypedDict

from dispute.domain.disputes.case import Decision
from dispute.domain.disputes.mediation.receipts import Receipt, digest_of
from dispute.domain.disputes.mediation.recomputation import decided_anew
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.visibility import PLATFORM, SENDER
from dispute.views.disputes.case import decision_view
from dispute.views.disputes.case_members import DecisionView
from dispute.views.disputes.members import TermsView
from dispute.views.mediation.plain_words import in_words
from shared.events.dispute import SolutionReached
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.rules.links import rule_links


class FactView(TypedDict):
    """A value that the decision rests on, and the event that said so."""

    name: str
    value: Any
    event: str


class WeighedView(TypedDict):
    """How much an item of evidence weighed, from 0 to 3, and the hash of what is kept of it."""

    id: str
    sha256: str | None
    weight: int


class DeciderView(TypedDict):
    """As what somebody decided; who it was, and who agreed where it took two, the platform's people see alone."""

    role: str
    person: str | None
    agreed_by: str | None


class ReceiptView(DecisionView):
    """A decision with all that it rests on: enough to decide it anew."""

    href: str
    event: str
    decided_by: DeciderView
    terms: TermsView
    facts: Sequence[FactView]
    evidence: Sequence[WeighedView]
    rule_links: Mapping[str, str]
    results: Mapping[str, Any]
    plain: str
    digest: str


class DifferenceView(TypedDict):
    """A member that comes out differently."""

    member: str
    was: Any
    now: Any


class RecomputationView(TypedDict):
    """What the receipt's facts come to today; `same` says that it is what was decided."""

    same: bool
    digest: str
    recomputed: str
    differences: Sequence[DifferenceView]


def receipt_view(receipt: Receipt, dispute: Dispute, path: str, looking: Collection[str], language: str) -> ReceiptView:
    """The receipt, as those who look this way see it, in words of this language."""
    version, event = receipt.decision.version, cast(Decision, receipt.decision.event)
    decision = decision_view(version, event, path)
    terms = dispute.terms
    return {
        **decision,
        "href": f"{path}/decisions/{version}",
        "event": receipt.decision.id,
        "decided_by": _decided_by(event, looking),
        "terms": {"programme": terms.programme, "version": terms.version, "hash": terms.hash},
        "facts": [{"name": f.name, "value": _seen(f.value, looking), "event": f.event} for f in receipt.facts],
        "evidence": [_weighed(dispute, item, weight) for item, weight in decision["weights"].items()],
        "rule_links": rule_links(event.rules),
        "results": receipt.results,
        "plain": in_words(decision, receipt, language),
        "digest": receipt.digest,
    }


def recomputation_view(receipt: Receipt) -> RecomputationView:
    """The receipt's facts, decided anew."""
    facts = {fact.name: fact.value for fact in receipt.facts}
    anew = decided_anew(facts)
    names = [name for name in receipt.results if receipt.results[name] != anew[name]]
    recomputed = digest_of(facts, anew)
    return {
        "same": receipt.digest == recomputed,
        "digest": receipt.digest,
        "recomputed": recomputed,
        "differences": [{"member": name, "was": receipt.results[name], "now": anew[name]} for name in names],
    }


def _weighed(dispute: Dispute, evidence_id: str, weight: int) -> WeighedView:
    item = dispute.evidence.find(evidence_id)
    return {"id": evidence_id, "sha256": item.sha256 if item else None, "weight": weight}


def _decided_by(event: Decision, looking: Collection[str]) -> DeciderView:
    if isinstance(event, SolutionReached):
        silent = event.reached_type == "seller_timeout"
        return {"role": "system" if silent else "parties", "person": None, "agreed_by": None}
    role = "support" if isinstance(event, SupportOverrideApplied) else "case_team"
    first, second = (event.decided_by, event.agreed_by) if PLATFORM in looking else (None, None)
    return {"role": role, "person": first, "agreed_by": second}


def _seen(value: Any, looking: Collection[str]) -> Any:
    """Without the seller's address for a buyer who is to send nothing there (K22)."""
    if not isinstance(value, dict) or {PLATFORM, "seller", SENDER} & set(looking):
        return value
    return {name: None if name == "address_ref" else part for name, part in value.items()}
