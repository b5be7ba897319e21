"""Statements: what the parties say to the case team while evidence is gathered (T42, S50)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.disputes.evidence import NamingEvidence, shown_by
from dispute.domain.disputes.mediation.review import window_closed
from dispute.domain.disputes.state import Dispute, evolve
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Event, Personal
from shared.events.fields import EvidenceIds, Text, Word
from shared.events.mediation import Answer, EvidenceCompleted, StatementSubmitted
from shared.rejections import ValidationFailed, guard_text


class SubmitStatement(NamingEvidence):
    """At least one of the three; `complete` says that nothing more comes."""

    answers: Annotated[dict[Word, Annotated[str, Text(2000)]], Field(max_length=20)] = {}
    evidence: EvidenceIds = ()
    complete: bool = False

    @property
    def refs(self) -> Mapping[str, str]:
        """Where each answer's text is stored."""
        return {key: text_ref(self, f"answer/{key}") for key in self.answers}

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, **{f"answer/{key}": text for key, text in self.answers.items()})


def submit_statement(command: SubmitStatement, dispute: Dispute, _: Order, *evidence: Evidence) -> Decided:
    """The party's word; once whoever was asked has said all, the review starts by itself (T13)."""
    guard(Step.STATEMENT, dispute, command.actor, command.at)
    by = dispute.parties.side_of(command.actor)
    guard_statement(command, dispute, by)
    shown = shown_by(command, dispute, by, evidence)
    said = StatementSubmitted(
        dispute_id=command.dispute_id,
        by=by,
        answers=tuple(Answer(key=key, text_ref=ref) for key, ref in command.refs.items()),
        evidence=command.evidence,
        complete=command.complete,
        submitted_at=command.at,
        rules=("S50", "T42"),
    )
    return [*shown.added, said, *_completed(command, dispute, by)], [], *shown.by_stream


def _completed(command: SubmitStatement, dispute: Dispute, by: str) -> list[Event]:
    if not command.complete:
        return []
    completed = EvidenceCompleted(dispute_id=command.dispute_id, by=by, rules=("S50", "T42"))
    return [completed, *_review_if_complete(evolve(dispute, completed), command.at)]


def _review_if_complete(dispute: Dispute, at: datetime) -> list[Event]:
    return [] if dispute.case.waits_for else window_closed(dispute, at, complete=True)


def guard_statement(command: SubmitStatement, dispute: Dispute, by: str) -> None:
    """It says something, in words that are allowed, and whoever is complete has answered what had to be answered."""
    if not (command.answers or command.evidence or command.complete):
        raise ValidationFailed.at("", "nothing_said", "an answer, evidence, or that it is complete", "S50")
    guard_text(**{f"answers/{key}": text for key, text in command.answers.items()})
    if command.complete and (missing := [key for key in dispute.case.owed.get(by, ()) if key not in command.answers]):
        raise ValidationFailed.at(f"/answers/{missing[0]}", "missing", "the case team has to know this", "T14")
