"""Survey: the buyer's word on how the case team did; it changes nothing (T20, T44, S56)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import DisputeCommand, text_ref, texts_about
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from shared.events.base import Event, Personal
from shared.events.fields import Text
from shared.events.mediation import SurveySubmitted, SurveyWindowClosed
from shared.rejections import guard_text


class SubmitSurvey(DisputeCommand):
    rating: Annotated[int, Field(ge=1, le=5, strict=True)]
    text: Annotated[str, Text(2000)] | None = None

    @property
    def text_ref(self) -> str | None:
        return text_ref(self, "text") if self.text else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text)


def submit_survey(command: SubmitSurvey, dispute: Dispute) -> list[Event]:
    """Once, within fifteen days of the case team's result."""
    guard(Step.SURVEY, dispute, command.actor, command.at)
    guard_text(text=command.text)
    return [
        SurveySubmitted(
            dispute_id=command.dispute_id, rating=command.rating, text_ref=command.text_ref, rules=("S56", "T20")
        )
    ]


def survey_window_over(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """D7 (T44)."""
    return [SurveyWindowClosed(dispute_id=dispute.opened.dispute_id, due_at=command.due_at, rules=("S56", "T44"))]
