"""Uploads: a file on its way to a command, or to a pre-flight that keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from dispute.api.files import Files, Received, guard_received, receive
from dispute.domain.decider import decider
from dispute.domain.evidence.limits import SentFile
from dispute.domain.evidence.state import Evidence
from dispute.domain.evidence.upload import SendEvidence
from dispute.domain.rejections import EvidenceTooLarge
from dispute.read_models import evidence as uploads
from dispute.views.evidence import FaultView, PreflightView
from shared.events.ids import derived_id
from shared.events.order import Terms
from shared.eventstore.command_handling import Outcome
from shared.eventstore.folding import folded
from shared.http.caller import CommandContext
from shared.rejections import Rejected


@dataclass(frozen=True, slots=True)
class Sending:
    """One file, and what it is for: the command's `kind`, its `ids`, and the `states` that it is decided on."""

    request: Request
    caller: CommandContext
    kind: type[SendEvidence]
    ids: Mapping[str, Any]
    states: tuple[Any, ...]
    terms: Terms
    escalated: bool = False

    @property
    def evidence_id(self) -> str:
        """The id that the item will have."""
        return derived_id("evd", self.ids["order_id"], self.caller.command_id)

    async def known(self) -> Evidence | None:
        """The item, where this very request was carried out before."""
        name = f"evidence-{self.evidence_id}"
        (history,) = await self.caller.state.store.load(name)
        return await folded(decider, name, history) if history else None

    async def sent(self) -> Outcome:
        """The file is looked at, kept and recorded, in this order: no event names bytes that are not there."""
        files: Files = self.caller.state.files
        with files.uploads.one_of(self.caller.actor.id), await self._received() as received:
            caller = replace(self.caller, request_hash=received.identity(self.request).digest)
            if known := await self.known():
                return await caller.handle(self._command(received, _file_of(known)))
            file = await self._inspected(received)
            decider.decide(self._command(received, file), *self.states)
            kept = files.over(caller.state.pool)
            copy = await kept.keep(file.sha256, received.kept)
            outcome = await caller.handle(self._command(received, file))
            await kept.confirm(file.sha256, copy, received.kept)
            return outcome

    async def preflight(self) -> PreflightView:
        """What would become of the file; EvidenceTooLarge is raised as it would be."""
        files: Files = self.caller.state.files
        with files.uploads.one_of(self.caller.actor.id), await self._received() as received:
            file: SentFile | None = None
            problems: list[FaultView] = []
            try:
                file = await self._inspected(received)
                decider.decide(self._command(received, file), *self.states)
            except EvidenceTooLarge:
                raise
            except Rejected as refusal:
                problems = [_fault(refusal)]
            return await self._view(received, file, problems)

    async def _received(self) -> Received:
        return await receive(self.request, self.terms, self.escalated)

    async def _inspected(self, received: Received) -> SentFile:
        """What would be kept of the file; its type and size are judged before anybody looks inside."""
        guard_received(received, self.terms, self.escalated)
        files: Files = self.caller.state.files
        return await files.inspect(received)

    def _command(self, received: Received, file: SentFile) -> SendEvidence:
        return self.caller.command(self.kind, received.fields, file=file, **self.ids)

    async def _view(self, received: Received, file: SentFile | None, problems: list[FaultView]) -> PreflightView:
        kept = file.sha256 if file else None
        twin = await uploads.twin(self.caller.state.pool, self.ids["order_id"], self.caller.actor.id, kept)
        return {
            "accepted": not problems,
            "media_type": received.sent_as,
            "bytes": received.form.size,
            "sha256": kept,
            "duplicate_of": twin,
            "problems": problems,
        }


def _fault(refusal: Rejected) -> FaultView:
    """The refusal as a line of the list: of a field's fault, the fault."""
    first = refusal.errors[0] if refusal.errors else {}
    code = first.get("code", refusal.code)
    return {"code": code, "detail": first.get("detail", refusal.detail), "rules": refusal.cited}


def _file_of(known: Evidence) -> SentFile:
    """The file of an item that is there: its command is a repeat, and is not decided again."""
    item = known.item
    return SentFile(
        sent_as=item.sent_as,
        sent_size=item.size,
        media_type=item.media_type,
        size=item.size,
        width=item.width,
        height=item.height,
        seconds=item.seconds,
        sha256=item.sha256,
    )
