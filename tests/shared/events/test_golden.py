"""Stored events are for ever: each type has a golden document that today's code still reads and writes without a
change.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared.events import codec
from shared.events.base import Event, Message, wire_time
from shared.events.codec import EVENT_CLASSES, decode, encode, from_headers, headers, stored, type_name
from shared.events.dispute import DisputeCancelled, DisputeOpened
from shared.events.envelope import Metadata, Recorded
from shared.events.errors import UnknownEvent
from shared.events.ids import derived_id, derived_id_beside, derived_uuid, digest, framed_uuid
from shared.events.order import OrderCompleted

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
LOG_ID = UUID("11111111-2222-5333-8444-555555555555")
DAY = timedelta(days=1)
ZONES = [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3)), ZoneInfo("Asia/Shanghai")]
CANCELLED = DisputeCancelled(dispute_id="dsp_1", acknowledged_release=True, rules=("S46",))


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.json").read_text("utf-8")


def pretty(data: bytes) -> str:
    return json.dumps(json.loads(data), indent=2, ensure_ascii=False) + "\n"


# The golden documents


def test_every_event_has_a_golden_and_no_golden_is_without_its_event() -> None:
    """A type that was renamed or removed leaves its golden behind; one that an upcaster lifts keeps it."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(EVENT_CLASSES) | set(codec.UPCASTERS)


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_a_golden_is_read_and_written_without_a_change(name: str) -> None:
    event = decode(name, golden(name))
    stored_name, data = encode(event)
    assert (stored_name, pretty(data)) == (name, golden(name))


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_a_golden_shows_every_field_filled(name: str) -> None:
    document = json.loads(golden(name))
    assert list(document) == list(EVENT_CLASSES[name].model_fields)
    assert None not in document.values()


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_a_golden_fits_the_published_schema(name: str) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(json.loads(golden(name)))


# What every event is


@pytest.mark.parametrize("event_class", EVENT_CLASSES.values())
def test_an_event_names_a_fact_and_says_what_it_is(event_class: type[Event]) -> None:
    assert type_name(event_class) == f"makewhole.{event_class.__name__}.v{event_class.schema_version}"
    assert event_class.__doc__
    assert not event_class.__name__.endswith(("Updated", "Changed")) or event_class.__name__ == "AccountStatusChanged"


@pytest.mark.parametrize("event_class", EVENT_CLASSES.values())
def test_no_event_holds_a_persons_text(event_class: type[Event]) -> None:
    """Free text, names and addresses are rows beside the log; the event carries their `ref`."""
    personal = {
        "description",
        "text",
        "body",
        "note",
        "ground",
        "message",
        "address",
        "name",
        "email",
        "phone",
        "street",
        "file_name",
    }
    assert not personal & _field_names(event_class)


def _field_names(message: Any) -> set[str]:
    if not (isinstance(message, type) and issubclass(message, Message)):
        return {name for part in getattr(message, "__args__", ()) for name in _field_names(part)}
    fields = message.model_fields
    return set(fields) | {name for field in fields.values() for name in _field_names(field.annotation)}


def test_a_rule_is_cited_by_every_event_that_records_a_decision() -> None:
    facts = {
        "OrderRegistered",
        "OrderPaid",
        "OrderShipped",
        "OrderDelivered",
        "OrderFinished",
        "DeliveryCorrected",
        "OrderCancelled",
    }
    facts |= {"TrackingCorrected"}
    facts |= {"OrderCarrierLost", "AccountStatusChanged", "PaymentHeld", "PaymentHoldLifted", "PaymentCaptured"}
    assert {
        event_class.__name__ for event_class in EVENT_CLASSES.values() if "rules" not in event_class.model_fields
    } == facts


def test_events_do_not_change_and_commands_know_their_fields() -> None:
    with pytest.raises(ValidationError):
        CANCELLED.dispute_id = "dsp_2"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        OrderCompleted.model_validate({"order_id": "o1"})


# Reading what others wrote


def test_an_older_reader_passes_over_a_newer_field() -> None:
    assert decode("makewhole.OrderCompleted.v1", b'{"order_id":"o1","rules":[],"colour":"red"}') == OrderCompleted(
        order_id="o1", rules=()
    )


@pytest.mark.parametrize("name", ["makewhole.OrderCompleted.v2", "makewhole.Unheard.v1", "shop.OrderShipped.v1"])
def test_an_unknown_type_is_named(name: str) -> None:
    with pytest.raises(UnknownEvent, match=name):
        decode(name, b"{}")


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{", b'{"order_id": 7, "rules": []}', b'{"order_id": "o1", "rules": [], "order_id"}']
)
def test_data_that_does_not_fit_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode("makewhole.OrderCompleted.v1", data)


def test_an_old_shape_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        codec.UPCASTERS,
        "makewhole.OrderEnded.v1",
        lambda data: ("makewhole.OrderEnded.v2", {"order_id": data["order"]}),
    )
    monkeypatch.setitem(
        codec.UPCASTERS,
        "makewhole.OrderEnded.v2",
        lambda data: ("makewhole.OrderCompleted.v1", data | {"rules": ["S24"]}),
    )
    assert decode("makewhole.OrderEnded.v1", b'{"order": "o1"}') == OrderCompleted(order_id="o1", rules=("S24",))


def test_a_later_shape_has_a_type_name_of_its_own() -> None:
    class OrderCompletedAnew(OrderCompleted):
        schema_version = 2

    assert encode(OrderCompletedAnew(order_id="o1", rules=()))[0] == "makewhole.OrderCompletedAnew.v2"


# On the wire


def recorded(**changed: Any) -> Recorded[Event]:
    known: dict[str, Any] = {
        "at": datetime(2026, 3, 12, 12, 0, 0, 5, UTC),
        "command_id": UUID(int=1),
        "request_hash": "",
        "actor": "buyer:buyer-1",
        "correlation": "story",
        "causation": "payment-o1/3",
        "traceparent": "00-aa-bb-01",
        "key": "o1",
    }
    return Recorded("dispute-dsp_1", 7, 42, CANCELLED, Metadata(**known | changed))


def test_a_record_survives_kafka() -> None:
    for sent in (recorded(), recorded(causation=None, traceparent=None)):
        row = stored(sent)
        assert codec.recorded(row) == sent
        assert from_headers(headers(row, "/makewhole/dispute", LOG_ID), row.data) == (sent, LOG_ID)


def test_the_headers_are_those_of_cloudevents() -> None:
    assert dict(headers(stored(recorded(request_hash="h")), "/makewhole/dispute", LOG_ID)) == {
        "ce_specversion": b"1.0",
        "ce_id": b"dispute-dsp_1/7",
        "ce_source": b"/makewhole/dispute",
        "ce_type": b"makewhole.DisputeCancelled.v1",
        "ce_subject": b"dispute-dsp_1",
        "ce_time": b"2026-03-12T12:00:00.000005Z",
        "ce_dataschema": b"/schemas/makewhole.DisputeCancelled.v1.json",
        "content-type": b"application/json",
        "ce_partitionkey": b"o1",
        "ce_sequence": b"7",
        "ce_position": b"42",
        "ce_logid": str(LOG_ID).encode(),
        "ce_correlationid": b"story",
        "ce_causationid": b"payment-o1/3",
        "ce_commandid": str(UUID(int=1)).encode(),
        "ce_actor": b"buyer:buyer-1",
        "ce_traceparent": b"00-aa-bb-01",
    }


def test_an_attribute_without_a_value_has_no_header() -> None:
    sent = stored(recorded(causation=None, traceparent=None))
    names = {name for name, _ in headers(sent, "/makewhole/dispute", LOG_ID)}
    assert not names & {"ce_causationid", "ce_traceparent"}


def test_what_only_a_newer_version_knows_of_an_event_travels_on_and_is_passed_over() -> None:
    newer = stored(recorded())._replace(metadata={**recorded().metadata.to_members(), "trace_state": "x", "rank": 7})
    sent = headers(newer, "/makewhole/dispute", LOG_ID)
    assert dict(sent)["ce_tracestate"] == b"x"
    assert from_headers(sent, newer.data) == (recorded(), LOG_ID)
    assert codec.recorded(newer) == recorded()


@pytest.mark.parametrize("lacking", ["ce_type", "ce_subject", "ce_sequence", "ce_logid", "ce_time"])
def test_a_record_that_lacks_an_attribute_is_no_event(lacking: str) -> None:
    sent = headers(stored(recorded()), "/makewhole/dispute", LOG_ID)
    pairs = [(name, value) for name, value in sent if name != lacking]
    with pytest.raises(KeyError, match=lacking):
        from_headers(pairs, encode(CANCELLED)[1])


def test_instants_have_a_fixed_width_and_the_order_of_their_text_is_that_of_time() -> None:
    noon = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
    assert wire_time(noon) == "2026-03-12T12:00:00.000000Z"
    assert wire_time(noon.astimezone(timezone(timedelta(hours=-3)))) == wire_time(noon)
    assert wire_time(noon) < wire_time(noon + timedelta(microseconds=1)) < wire_time(noon + timedelta(seconds=1))


@given(st.timedeltas(-700_000 * DAY, 2_900_000 * DAY), st.sampled_from(ZONES))
def test_an_instant_has_one_text_whatever_its_zone(since: timedelta, zone: tzinfo) -> None:
    instant = datetime(2026, 1, 1, tzinfo=UTC) + since
    assert wire_time(instant.astimezone(zone)) == f"{instant.isoformat(timespec='microseconds')[:-6]}Z"


def test_an_instant_without_a_zone_is_no_instant() -> None:
    whole = json.loads(golden("makewhole.DisputeOpened.v1")) | {"opened_at": "2026-03-12T12:00:00"}
    with pytest.raises(ValidationError):
        DisputeOpened.model_validate_json(json.dumps(whole))


# Ids follow from their parts


def test_derived_ids_are_the_same_for_ever() -> None:
    assert derived_uuid("dispute-1", "seller_response", 1) == UUID("b2cd53b7-7559-5ab9-901e-81651425ecf5")
    assert framed_uuid("ab", "ü", "") == UUID("29876fca-5a2e-5328-84de-d13f068e7030")
    assert len({framed_uuid("a", "b"), framed_uuid("ab"), framed_uuid("ab", ""), framed_uuid("", "ab")}) == 4
    assert derived_id("dsp", "o1", UUID(int=1)) == "dsp_9a3f976c40da5b1cbcd012869fe786ce"
    assert derived_id_beside("order-o1", "dsp", UUID(int=1)) == derived_id("dsp", "o1", UUID(int=1))
    assert digest(b"a", b"b") != digest(b"ab")
