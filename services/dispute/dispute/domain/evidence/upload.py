"""Upload of evidence to an order: kept for a day, until a form names it or its sender takes it back (S30)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.evidence.inspected import WAREHOUSE
from dispute.domain.evidence.limits import SentFile, guard_number, guard_size, guard_type
from dispute.domain.evidence.state import Evidence, EvidenceState
from dispute.domain.evidence.visibility import PARTIES, Part, looks_as, parties_of, visible_role
from dispute.domain.orders.state import Order
from shared.events.base import Actor, Command, Event, Personal, StreamName, pseudonym
from shared.events.calendar import within_business_days
from shared.events.evidence import (
    EvidenceExpired,
    EvidenceItem,
    EvidencePurpose,
    EvidenceRemoved,
    EvidenceUploaded,
    EvidenceViewed,
)
from shared.events.fields import Text
from shared.events.ids import derived_id
from shared.events.order import Terms
from shared.parties import Parties
from shared.rejections import Forbidden, NotFound, WrongPhase, guard_text


class SendEvidence(Command):
    """A file of a party, for an order or for one of its disputes."""

    order_id: str
    file: SentFile
    purpose: EvidencePurpose = EvidencePurpose.ITEM
    caption: Annotated[str, Text(500)] | None = None

    @cached_property
    def evidence_id(self) -> str:
        return derived_id("evd", self.order_id, self.command_id)

    @property
    def item_stream(self) -> StreamName:
        return StreamName(f"evidence-{self.evidence_id}", self.order_id)

    @property
    def caption_ref(self) -> str | None:
        return text_ref(self, "caption") if self.caption else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, caption=self.caption)

    def uploaded(self, by: str, terms: Terms, rules: tuple[str, ...]) -> EvidenceUploaded:
        """What is recorded of it."""
        file = self.file
        item = EvidenceItem(
            evidence_id=self.evidence_id,
            by=by,
            kind=file.kind,
            purpose=self.purpose,
            sent_as=file.sent_as,
            media_type=file.media_type,
            size=file.size,
            width=file.width,
            height=file.height,
            seconds=file.seconds,
            sha256=file.sha256,
            caption_ref=self.caption_ref,
            sent_at=self.at,
        )
        return EvidenceUploaded(
            order_id=self.order_id, party_id=self.actor.id, item=item, expires_at=self._until(terms), rules=rules
        )

    def _until(self, terms: Terms) -> datetime:
        """Until when a form may name it; what shows goods that came back, also as long as they are inspected (D11)."""
        inspects = self.purpose is EvidencePurpose.INSPECTION
        begins = within_business_days(self.at, terms.return_inspect_bd, terms.timezone) if inspects else self.at
        return begins + timedelta(hours=terms.evidence_unattached_hours)


class UploadEvidence(SendEvidence):
    """`waiting` is how many items of the sender wait already, by a read model that may be a moment behind."""

    waiting: int = 0

    @property
    def streams(self) -> Sequence[StreamName]:
        return (self.item_stream, StreamName(f"order-{self.order_id}"))


def side_of(parties: Parties, actor: Actor, what: str) -> str:
    """As which party the actor sends evidence; NotFound and Forbidden for everybody else."""
    parties.guard(actor, what, *PARTIES)
    return "buyer" if "buyer" in parties.acting(actor) else "seller"


def sender_of(order: Order, actor: Actor) -> str:
    """As whom the actor sends evidence for an order: as a party, or as the warehouse that goods come back to (K22)."""
    if WAREHOUSE not in actor.roles or not order.registered or order.parties.acting(actor):
        return side_of(order.parties, actor, "order")
    order.parties.guard_interest(actor)
    return WAREHOUSE


def guard_file(file: SentFile, terms: Terms, escalated: bool) -> None:
    """G12: type and size."""
    guard_size(guard_type(terms, escalated, file.sent_as), file.sent_size)


def upload(command: UploadEvidence, _: Evidence, order: Order) -> tuple[list[Event], list[Event]]:
    """Keeps the item for the form that will name it."""
    by = sender_of(order, command.actor)
    if by == WAREHOUSE and command.purpose is not EvidencePurpose.INSPECTION:
        raise Forbidden("A warehouse shows what it has inspected: the purpose is inspection.")
    assert order.terms
    guard_text(caption=command.caption)
    guard_file(command.file, order.terms, escalated=False)
    guard_number(order.terms, command.waiting)
    return [command.uploaded(by, order.terms, ("S30", "S32"))], []


class OwnEvidenceCommand(Command):
    """Its sender's command on one item."""

    evidence_id: str
    order_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"evidence-{self.evidence_id}"),)


class RemoveUpload(OwnEvidenceCommand):
    pass


class ViewUpload(OwnEvidenceCommand):
    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, StreamName(f"order-{self.order_id}"))


def remove_upload(command: RemoveUpload, evidence: Evidence) -> list[Event]:
    """Its sender takes it back before any form has named it (S37)."""
    if not evidence.is_of(command.actor) or evidence.uploaded.order_id != command.order_id:
        raise NotFound("There is no such evidence.")
    WrongPhase.unless_in("evidence", evidence.state, EvidenceState.UNATTACHED)
    return [
        EvidenceRemoved(evidence_id=command.evidence_id, dispute_id=None, removed_at=command.at, rules=("S37",)),
    ]


def view_upload(command: ViewUpload, evidence: Evidence, order: Order) -> tuple[list[Event], list[Event]]:
    """Its sender looks at it, or who judges the report that names it."""
    role = visible_role(looks_as(evidence, command.actor, None, parties_of(evidence, order)), evidence, Part.BYTES)
    if evidence.uploaded.order_id != command.order_id:
        raise NotFound("There is no such evidence.")
    return [viewed(command, command.evidence_id, role)], []


def viewed(command: Command, evidence_id: str, role: str) -> EvidenceViewed:
    """Who looked at it, by a name that tells nobody's."""
    viewer = pseudonym(command.actor.id)
    return EvidenceViewed(evidence_id=evidence_id, viewer=viewer, role=role, viewed_at=command.at, rules=("S37",))


def expire(command: ExpireDeadline, evidence: Evidence) -> list[Event]:
    """No form named it in time (S30)."""
    return [EvidenceExpired(evidence_id=evidence.item.evidence_id, due_at=command.due_at, rules=("S30",))]


def guard_own(evidence: Evidence, actor: Actor) -> None:
    """Forbidden for whoever did not send it."""
    if not evidence.is_of(actor):
        raise Forbidden("Only who added it takes it away.")
