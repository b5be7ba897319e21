"""Evidence over HTTP: what is sent, named, looked at and taken back, and what dies on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dispute.domain.disputes.opening.opening import OpenDispute
from shared.events.base import Actor
from shared.events.dispute import Reason
from shared.events.evidence import EvidenceViewed
from tests.support.builders.disputes import open_dispute
from tests.support.builders.mediation import SUPPORT
from tests.support.builders.orders import BUYER, CASE_TEAM, OTHER_BUYER, SELLER, facts, on, register
from tests.support.pictures import HIDDEN, film, of_length, picture
from tests.support.servers.backing import Databases
from tests.support.servers.evidence import Came, EvidenceService, evidence_service

OPS = Actor(id="ops-1", roles=frozenset({"ops"}))
SERVICE = Actor(id="shop", roles=frozenset({"service"}))
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
async def service(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EvidenceService]:
    """The service with one order, which came on 9 March; it is 12 March."""
    dsn = await databases.migrated("dispute")
    async with evidence_service(dsn, tmp_path_factory.mktemp("evidence")) as started:
        await started.decide(register(facts=facts(shipped="Mar 1", delivered="Mar 9")))
        await started.start()
        yield started
    await databases.drop(dsn)


@pytest.fixture(scope="module")
async def dispute_id(service: EvidenceService) -> str:
    """A dispute about what came late."""
    command: OpenDispute = open_dispute(on("Mar 11"), reason=Reason.LATE, n=99)
    await service.decide(command)
    return command.dispute_id


async def sent(service: EvidenceService, content: bytes | None = None, **more: Any) -> Came:
    return await service.upload("/v1/orders/o1/evidence", more.pop("actor", BUYER), content or picture("JPEG"), **more)


def form(*ids: str, reason: str = "not_as_described") -> dict[str, Any]:
    return {
        "order_id": "o1",
        "lines": [{"line_id": "l1"}],
        "reason": reason,
        "type": "refund_only",
        "amount": {"amount": "50.00", "currency": "USD"},
        "description": "It is another one.",
        "evidence": list(ids),
    }


# Sending


async def test_s30_a_file_is_kept_for_a_day_without_what_was_hidden_in_it(service: EvidenceService) -> None:
    came = await sent(service, picture("JPEG", comment=HIDDEN) + HIDDEN, caption="the label", purpose="packaging")
    assert came.status == 201
    item = came.body
    told = {name: item[name] for name in ("by", "kind", "purpose", "media_type", "width", "height", "state")}
    assert told == {
        "by": "buyer",
        "kind": "image",
        "purpose": "packaging",
        "media_type": "image/jpeg",
        "width": 40,
        "height": 30,
        "state": "unattached",
    }
    assert item["expires_at"] == "2026-03-13T12:00:00.000000Z"
    shown = await service.ask("GET", item["href"], BUYER)
    assert (shown.status, len(shown.content)) == (200, item["bytes"])
    assert HIDDEN not in shown.content
    caption = await service.ask("GET", item["caption"]["href"], BUYER)
    assert caption.body["text"] == "the label"


async def test_s32_s34_the_limit_is_told_with_what_was_sent(service: EvidenceService) -> None:
    assert (await sent(service, of_length(2_097_151))).status == 201
    came = await sent(service, of_length(2_097_152))
    assert came.fault == "413 too_large"
    told = {name: came.body[name] for name in ("max_bytes", "actual_bytes", "hint")}
    assert told == {"max_bytes": 2_097_151, "actual_bytes": 2_097_152, "hint": "compress"}


@pytest.mark.parametrize(
    ("content", "name", "fault"),
    [
        (b"%PDF-1.7 and more", "proof.jpg", "415 unsupported_evidence_type /file unsupported_evidence_type"),
        (b"PK\3\4 a document", "proof.docx", "415 unsupported_evidence_type /file unsupported_evidence_type"),
        (picture("JPEG")[:100], "proof.jpg", "422 validation_failed /file undecodable"),
        (film(seconds=181), "film.mp4", "422 validation_failed /file too_long"),
        (b"", "proof.jpg", "422 validation_failed /file empty"),
    ],
    ids=["pdf", "docx", "cut off", "long film", "empty"],
)
async def test_s33_g12_the_content_decides(service: EvidenceService, content: bytes, name: str, fault: str) -> None:
    assert (await service.upload("/v1/orders/o1/evidence", BUYER, content, name=name)).fault == fault


async def test_a_json_body_is_no_form_and_an_unknown_field_is_refused(service: EvidenceService) -> None:
    came = await service.ask("POST", "/v1/orders/o1/evidence", BUYER, json={"file": "x"})
    assert came.fault == "415 unsupported_media_type"
    assert (await sent(service, weight="3")).fault == "422 validation_failed /weight extra_forbidden"
    assert (await sent(service, purpose="revenge")).fault == "422 validation_failed /purpose enum"


@pytest.mark.parametrize(
    ("actor", "status"), [(OTHER_BUYER, 404), (CASE_TEAM, 403), (SERVICE, 403)], ids=["stranger", "case team", "shop"]
)
async def test_only_the_parties_send(service: EvidenceService, actor: Actor, status: int) -> None:
    assert (await sent(service, actor=actor)).status == status


async def test_the_same_key_and_file_is_one_item_and_another_file_is_refused(service: EvidenceService) -> None:
    content = picture("PNG", size=(7, 7))
    first, again = [await sent(service, content, key="once") for _ in range(2)]
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await sent(service, picture("PNG", size=(8, 8)), key="once")).fault == "422 idempotency_key_reused"


async def test_the_same_content_is_stored_once(service: EvidenceService) -> None:
    content = picture("PNG", size=(9, 5))
    one, other = [(await sent(service, content)).body for _ in range(2)]
    assert one["id"] != other["id"]
    assert one["sha256"] == other["sha256"]
    assert len([path for path in service.objects if path.name.startswith(one["sha256"])]) == 1


# The pre-flight


async def test_a_preflight_keeps_nothing_and_says_what_would_become_of_it(service: EvidenceService) -> None:
    content, before = picture("PNG", size=(3, 4)), len(service.objects)
    fine = await sent(service, content, dry_run="true")
    assert (fine.status, fine.body["accepted"], fine.body["problems"]) == (200, True, [])
    assert (fine.body["media_type"], fine.body["bytes"]) == ("image/png", len(content))
    broken = await sent(service, content[:60], dry_run="true")
    assert [problem["code"] for problem in broken.body["problems"]] == ["undecodable"]
    chinese = await sent(service, content, dry_run="true", caption="坏")
    assert (chinese.body["accepted"], chinese.body["problems"][0]["rules"]) == (False, ["S31"])
    assert (await sent(service, of_length(2_097_152), dry_run="true")).fault == "413 too_large"
    assert len(service.objects) == before


# Looking


async def test_who_may_see_what(service: EvidenceService, dispute_id: str) -> None:
    item = (await sent(service)).body
    for actor, status in ((BUYER, 200), (SELLER, 404), (CASE_TEAM, 404), (OTHER_BUYER, 404), (OPS, 403)):
        assert (await service.ask("GET", item["href"], actor)).status == status
    added = await service.upload(f"/v1/disputes/{dispute_id}/evidence", BUYER, picture("PNG", size=(11, 3)))
    assert added.status == 201
    path = added.headers["Location"]
    for actor, status in ((BUYER, 200), (SELLER, 200), (CASE_TEAM, 200), (OTHER_BUYER, 404), (OPS, 403)):
        assert (await service.ask("GET", path, actor)).status == status
        assert (await service.ask("GET", path, actor, headers=JSON)).status == status


async def test_g15_a_reported_seller_who_is_support_finds_nothing_of_what_the_buyer_sent(
    service: EvidenceService,
) -> None:
    item = (await sent(service, picture("PNG", size=(3, 19)), caption="His account number.")).body
    told = {"kind": "other", "text": "He wanted it by bank transfer.", "evidence": [item["id"]]}
    assert (await service.ask("POST", "/v1/orders/o1/seller-reports", BUYER, json=told)).status == 201
    both = Actor(id=SELLER.id, roles=frozenset({"seller", "support"}))
    for path in (item["href"], item["caption"]["href"]):
        for actor, status in ((SUPPORT, 200), (BUYER, 200), (SELLER, 404), (both, 404)):
            assert (await service.ask("GET", path, actor)).status == status


async def test_a_download_is_saved_kept_by_nobody_and_never_shown_as_a_page(
    service: EvidenceService, dispute_id: str
) -> None:
    sent_film = film()
    added = await service.upload(f"/v1/disputes/{dispute_id}/evidence", SELLER, sent_film, name="film.mp4")
    path = added.headers["Location"]
    whole = await service.ask("GET", path, BUYER)
    assert whole.content == sent_film
    for name, value in (
        ("Content-Type", "video/mp4"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "private, no-store"),
        ("Accept-Ranges", "bytes"),
    ):
        assert whole.headers[name] == value
    assert whole.headers["Content-Disposition"].startswith("attachment; ")
    part = await service.ask("GET", path, BUYER, headers={"Range": "bytes=8-15"})
    assert (part.status, part.content) == (206, sent_film[8:16])
    assert part.headers["Content-Range"] == f"bytes 8-15/{len(sent_film)}"


async def test_a_look_is_an_event_of_the_item_once_a_day_and_moves_no_etag(
    service: EvidenceService, dispute_id: str
) -> None:
    added = await service.upload(f"/v1/disputes/{dispute_id}/evidence", BUYER, picture("PNG", size=(5, 13)))
    path = added.headers["Location"]
    for _ in range(3):
        assert (await service.ask("GET", path, SELLER)).status == 200
    (history,) = await service.store.load(f"evidence-{path.rpartition('/')[2]}")
    looks = [recorded.event for recorded in history if isinstance(recorded.event, EvidenceViewed)]
    assert [look.role for look in looks] == ["party"]
    seen = await service.ask("GET", f"/v1/disputes/{dispute_id}", BUYER)
    assert seen.headers["ETag"] == added.headers["ETag"]


# Taking back


async def test_s37_what_is_taken_back_is_told_of_and_shown_to_nobody(service: EvidenceService, dispute_id: str) -> None:
    added = await service.upload(f"/v1/disputes/{dispute_id}/evidence", BUYER, picture("PNG", size=(6, 17)))
    path = added.headers["Location"]
    assert (await service.ask("DELETE", path, SELLER)).status == 403
    gone = await service.ask("DELETE", path, BUYER)
    assert gone.status == 200
    states = {item["href"]: item["state"] for item in gone.body["evidence"]}
    assert states[path] == "removed"
    for actor in (BUYER, SELLER, CASE_TEAM):
        assert (await service.ask("GET", path, actor)).status == 404
        assert (await service.ask("GET", path, actor, headers=JSON)).body["state"] == "removed"


async def test_s37_a_file_is_taken_back_before_any_form_names_it(service: EvidenceService) -> None:
    item = (await sent(service)).body
    assert (await service.ask("DELETE", item["href"], SELLER)).status == 404
    assert (await service.ask("DELETE", item["href"], BUYER)).body["state"] == "removed"
    assert (await service.ask("GET", item["href"], BUYER)).status == 404


# Dying


@pytest.mark.parametrize(("crash", "replayed"), [("append.before_commit:1", None), ("append.after_commit:1", "true")])
async def test_nothing_is_lost_and_nothing_is_half_where_the_process_is_killed(
    databases: Databases, tmp_path: Path, crash: str, replayed: str | None
) -> None:
    """Killed with the bytes kept and nothing recorded, or with everything recorded and nothing answered: the same
    request again gives the one whole item, which a form can name.
    """
    dsn = await databases.migrated("dispute")
    async with evidence_service(dsn, tmp_path) as service:
        await service.decide(register(facts=facts(shipped="Mar 1", delivered="Mar 9")))
        await service.start(crash)
        with pytest.raises(aiohttp.ClientError):
            await sent(service, key="once")
        await service.stop()
        await service.start()
        came = await sent(service, key="once")
        assert (came.status, came.headers.get("Idempotent-Replayed")) == (201, replayed)
        shown = await service.ask("GET", came.body["href"], BUYER)
        assert (len(shown.content), len(service.objects)) == (came.body["bytes"], 1)
        asked = {"json": form(came.body["id"]), "headers": {"Idempotency-Key": "open"}}
        opened = await service.ask("POST", "/v1/disputes", BUYER, **asked)
        assert [item["state"] for item in opened.body["evidence"]] == ["attached"]
    await databases.drop(dsn)


async def test_a_process_that_is_killed_while_a_file_comes_keeps_nothing_of_it(
    databases: Databases, tmp_path: Path
) -> None:
    dsn = await databases.migrated("dispute")
    async with evidence_service(dsn, tmp_path) as service:
        await service.decide(register(facts=facts(shipped="Mar 1")))
        await service.start()
        came, half_way, before = asyncio.Event(), asyncio.Event(), await service.store.head()

        async def slowly() -> AsyncIterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
            yield picture("JPEG")[:200]
            half_way.set()
            await came.wait()

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        upload = service.ask("POST", "/v1/orders/o1/evidence", BUYER, data=slowly(), headers=headers)
        under_way = asyncio.ensure_future(upload)
        await half_way.wait()
        await service.stop()
        came.set()
        with pytest.raises(aiohttp.ClientError):
            await under_way
        assert (service.objects, await service.store.head()) == ([], before)
    await databases.drop(dsn)
