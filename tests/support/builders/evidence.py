"""Builders of evidence: files as they come, and items as they then stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispute.domain.disputes.evidence import AddEvidence, RemoveEvidence
from dispute.domain.evidence.limits import SentFile
from dispute.domain.evidence.upload import RemoveUpload, UploadEvidence, ViewUpload
from shared.events.base import Actor
from shared.events.evidence import EvidencePurpose
from shared.events.ids import derived_uuid
from shared.media.types import MediaType
from tests.support.builders.disputes import dispute_id
from tests.support.builders.orders import BUYER, ORDER, Histories, after, on, order


def file(sent_as: str = MediaType.JPEG, sent_size: int = 1000, **changed: Any) -> SentFile:
    """A picture of 640 x 480, or a film of ten seconds."""
    plain: dict[str, Any] = {
        "media_type": sent_as,
        "size": sent_size,
        "width": 640,
        "height": 480,
        "seconds": 10 if sent_as == MediaType.MP4 else None,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
    return SentFile(sent_as=sent_as, sent_size=sent_size, **plain | changed)


def upload(at: datetime, actor: Actor = BUYER, n: int = 1, order_id: str = ORDER, **changed: Any) -> UploadEvidence:
    """A party sends a picture for a form to come."""
    plain: dict[str, Any] = {"file": file(), "purpose": EvidencePurpose.ITEM, "caption": None}
    named = {"command_id": derived_uuid("upload", actor.id, n), "actor": actor, "at": at, "order_id": order_id}
    return UploadEvidence(**named, **plain | changed)


def upload_id(actor: Actor = BUYER, n: int = 1) -> str:
    """The id of the `n`th item that a party sent."""
    return upload(on("Mar 12"), actor, n).evidence_id


def uploaded(
    happened: Mapping[str, Any] | None = None, at: datetime | None = None, actor: Actor = BUYER, **changed: Any
) -> Histories:
    """An order that was shipped on 1 March, and a picture that was sent at noon of 12 March."""
    return after(happened or order(shipped="Mar 1"), upload(at or on("Mar 12"), actor, **changed))


def remove_upload(at: datetime, actor: Actor = BUYER, n: int = 1) -> RemoveUpload:
    named = {"command_id": derived_uuid("remove upload", n), "actor": actor, "at": at}
    return RemoveUpload(evidence_id=upload_id(BUYER, n), order_id=ORDER, **named)


def view_upload(at: datetime, actor: Actor = BUYER, n: int = 1) -> ViewUpload:
    """Somebody looks at the bytes of the `n`th item that the buyer sent."""
    named = {"command_id": derived_uuid("view upload", actor.id, n), "actor": actor, "at": at}
    return ViewUpload(evidence_id=upload_id(BUYER, n), order_id=ORDER, **named)


def add(at: datetime, actor: Actor = BUYER, n: int = 1, **changed: Any) -> AddEvidence:
    """A party adds a picture to its dispute."""
    plain: dict[str, Any] = {"file": file(), "purpose": EvidencePurpose.ITEM, "caption": None}
    named = {"command_id": derived_uuid("add", actor.id, n), "actor": actor, "at": at}
    return AddEvidence(dispute_id=dispute_id(), order_id=ORDER, **named, **plain | changed)


def remove(at: datetime, actor: Actor = BUYER, n: int = 1, whose: Actor = BUYER) -> RemoveEvidence:
    """The item that a party added to its dispute is to go."""
    evidence_id = add(at, whose, n).evidence_id
    named = {"command_id": derived_uuid("remove", actor.id, n), "actor": actor, "at": at}
    return RemoveEvidence(dispute_id=dispute_id(), evidence_id=evidence_id, **named)
