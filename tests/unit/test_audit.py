"""The audit on data sets that are corrupted one by one: each is caught by the check that is named for it, and sound ones by none."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.audit.check import Check, Report
from ops.audit.deadlines import DeadlineCheck
from ops.audit.entry import Entry, Published, fingerprint
from ops.audit.ledger import LedgerCheck
from ops.audit.log import JournalCheck, LogCheck, journal
from ops.audit.models import Model, ModelCheck, Row
from ops.audit.sagas import SagaCheck
from ops.audit.topic import TopicCheck
from shared.decider import Clear, Start
from shared.events import codec
from shared.events.base import Event, Metadata, Recorded, derived_uuid
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome, RefundSource
from shared.events.order import OrderCancelled, OrderCarrierLost
from shared.eventstore.kafka import partition_of
from tests.payments import issued, requested, usd

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
LOG_ID = "11111111-1111-1111-1111-111111111111"


def recorded(position: int, stream: str, version: int, event: Event, key: str = "o1") -> Recorded[Event]:
    command = derived_uuid("audit", position)
    return Recorded(stream, version, position, event, Metadata(AT, command, "hash", "shop", "c", None, None, key))


def entry(position: int, stream: str = "order-o1", version: int | None = None, key: str = "o1", **changes: Any) -> Entry:
    event = OrderCarrierLost(order_id="o1", lost_at=AT + timedelta(days=position))
    name, data = codec.encode(event)
    metadata = {"at": AT.isoformat(), "command_id": f"command-{position}", "request_hash": "", "actor": "shop", "correlation": "c"}
    whole = Entry(position, stream, version or position, key, name, data.decode(), metadata)
    return replace(whole, **changes)


LOG = [entry(1), entry(2), entry(3, "order-o2", 1, "o2"), entry(4, version=3)]


def found(check: Check) -> dict[str, int]:
    """The faults that are not zero."""
    return {name: count for name, count in check.faults.items() if count}


def log_check(entries: Sequence[Entry]) -> Check:
    check = LogCheck("dispute")
    for each in entries:
        check.add(each)
    return check.result()


def test_a_sound_log_has_no_fault_and_its_line_counts() -> None:
    check = log_check(LOG)
    assert found(check) == {}
    assert check.line.split() == ["log", "dispute", "events=4", "streams=2", "holes=0", "gaps=0", "rekeyed=0", "unreadable=0"]


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([LOG[0], LOG[1], LOG[3]], "holes"),
        (LOG[1:], "holes"),
        ([LOG[0], LOG[1], replace(LOG[2], position=2)], "holes"),
        ([LOG[0], replace(LOG[1], version=3)], "gaps"),
        ([LOG[0], replace(LOG[1], version=1)], "gaps"),
        ([replace(LOG[0], version=2), replace(LOG[1], version=1)], "gaps"),
        ([LOG[0], replace(LOG[1], key="o9")], "rekeyed"),
    ],
)
def test_a_log_with_a_hole_a_gap_or_a_second_key_is_caught(entries: list[Entry], fault: str) -> None:
    assert fault in found(log_check(entries))


def published(source: Entry, **changes: Any) -> Published:
    print_ = fingerprint(source.type, source.data)
    record = Published(partition_of(source.key.encode(), 12), source.key.encode(), source.id, source.position, LOG_ID, print_)
    return replace(record, **changes)


def topic_check(records: Sequence[Published], relayed: int = 4) -> Check:
    check = TopicCheck("dispute", LOG_ID, relayed)
    for each in LOG:
        check.add(each)
    for record in records:
        check.publish(record)
    return check.result()


TOPIC = [published(each) for each in LOG]


def test_a_topic_that_repeats_its_suffix_is_sound_and_the_repeats_are_counted() -> None:
    check = topic_check([*TOPIC, *TOPIC[2:]])
    assert found(check) == {}
    assert check.seen == {"events": 4, "records": 6, "repeated": 2}


def test_records_of_another_life_of_the_log_and_newer_ones_are_no_fault() -> None:
    check = topic_check([published(LOG[0], log_id="other"), *TOPIC, published(entry(5))])
    assert found(check) == {}
    assert (check.seen["of_other_logs"], check.seen["newer"]) == (1, 1)


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        (TOPIC[:-1], {"missing": 1}),
        ([*TOPIC, replace(TOPIC[0], id="order-o1/99")], {"extra": 1}),
        ([*TOPIC, replace(TOPIC[0], id=None)], {"extra": 1}),
        ([TOPIC[1], TOPIC[0], *TOPIC[2:]], {"disordered": 1}),
        ([replace(TOPIC[0], position=2), *TOPIC[1:]], {"disordered": 2}),
        ([replace(TOPIC[0], key=b"o2"), *TOPIC[1:]], {"misplaced": 1}),
        ([replace(TOPIC[0], key=None), *TOPIC[1:]], {"misplaced": 1}),
        ([*TOPIC[:2], replace(TOPIC[2], partition=(TOPIC[2].partition + 1) % 12), TOPIC[3]], {"misplaced": 1}),
        ([replace(TOPIC[0], print=b"another"), *TOPIC[1:]], {"different": 1}),
    ],
)
def test_a_topic_that_is_not_the_log_is_caught(records: list[Published], faults: dict[str, int]) -> None:
    assert found(topic_check(records)) == faults


def test_what_the_relay_has_not_published_yet_waits_and_is_not_missing() -> None:
    assert found(topic_check(TOPIC[:3], relayed=3)) == {"waiting": 1}


def test_an_event_is_the_same_whatever_the_order_of_its_members() -> None:
    name, data = codec.encode(OrderCancelled(order_id="o1", by="seller", cancelled_at=AT))
    mixed = json.dumps(dict(reversed(json.loads(data).items())), indent=1)
    assert fingerprint(name, data) == fingerprint(name, mixed)
    assert fingerprint("makewhole.Unheard.v9", '{"b":1,"a":2}') == fingerprint("makewhole.Unheard.v9", b'{"a": 2, "b": 1}')
    assert fingerprint(name, data) != fingerprint(name, data.replace(b"seller", b"buyers"))


def movement(kind: str, amount: str, refund_id: str | None = None, payment: str = "o1", currency: str = "USD") -> dict[str, Any]:
    return {"kind": kind, "payment_id": payment, "refund_id": refund_id, "amount": {"amount": amount, "currency": currency}}


CAPTURE, REFUND = movement("capture", "100.00"), movement("refund", "25.00", "rfd_1")


def ledger_check(movements: list[dict[str, Any]], *events: Event, head: int = 99) -> Check:
    check = LedgerCheck(movements, head)
    for position, event in enumerate(events, 1):
        check.add(recorded(position, "payment-o1", position, event))
    return check.result()


def test_a_refund_that_went_once_is_sound() -> None:
    check = ledger_check([CAPTURE, REFUND], requested(), issued())
    assert found(check) == {}
    assert check.line.split()[:3] == ["ledger", "refunds=1", "effects=1"]


@pytest.mark.parametrize(
    ("movements", "events", "faults"),
    [
        ([CAPTURE], [issued()], {"missing": 1}),
        ([CAPTURE, REFUND, REFUND], [issued()], {"twice": 1}),
        ([CAPTURE, REFUND], [issued(), issued()], {"twice": 1}),
        ([CAPTURE, REFUND], [], {"unasked": 1}),
        ([CAPTURE, movement("refund", "24.00", "rfd_1")], [issued()], {"different": 1}),
        ([movement("capture", "20.00"), REFUND], [issued()], {"over_cap": 1}),
        ([REFUND], [issued()], {"over_cap": 1}),
        ([CAPTURE, REFUND, movement("chargeback", "80.00")], [issued()], {"over_cap": 1}),
        ([CAPTURE, movement("refund", "25.00", "rfd_1", currency="EUR")], [issued()], {"different": 1, "over_cap": 1}),
    ],
)
def test_money_that_went_otherwise_than_the_events_say_is_caught(
    movements: list[dict[str, Any]], events: list[Event], faults: dict[str, int]
) -> None:
    assert found(ledger_check(movements, *events)) == faults


def test_a_refund_that_was_issued_after_the_ledger_was_read_is_not_missing() -> None:
    assert found(ledger_check([CAPTURE], issued(), head=0)) == {}


def wishes(event: Event) -> Sequence[Start | Clear]:
    match event:
        case OrderCarrierLost():
            return (Start("search", event.lost_at),)
        case OrderCancelled():
            return (Clear("search"),)
    return ()


LOST, CANCELLED = OrderCarrierLost(order_id="o1", lost_at=AT), OrderCancelled(order_id="o1", by="seller", cancelled_at=AT)
SEARCH = ("order-o1", "search")


def deadline_check(rows: dict[tuple[str, str], datetime], *events: Event, now: datetime = AT - timedelta(hours=1)) -> Check:
    check = DeadlineCheck("dispute", rows, now, wishes)
    for version, event in enumerate(events, 1):
        check.add(recorded(version, "order-o1", version, event))
    return check.result()


def test_deadlines_are_what_the_events_started_and_did_not_clear() -> None:
    assert found(deadline_check({SEARCH: AT}, LOST)) == {}
    assert found(deadline_check({}, LOST, CANCELLED)) == {}


def test_a_deadline_that_was_due_and_is_gone_was_consumed() -> None:
    check = deadline_check({}, LOST, now=AT)
    assert (found(check), check.seen["consumed"]) == ({}, 1)


@pytest.mark.parametrize(
    ("rows", "events", "now", "fault"),
    [
        ({}, [LOST], AT - timedelta(seconds=1), "missing"),
        ({SEARCH: AT}, [LOST, CANCELLED], AT, "extra"),
        ({SEARCH: AT + timedelta(days=1)}, [LOST], AT, "different"),
        ({SEARCH: AT}, [LOST], AT + timedelta(seconds=61), "late"),
    ],
)
def test_deadlines_that_the_log_does_not_call_for_are_caught(
    rows: dict[tuple[str, str], datetime], events: list[Event], now: datetime, fault: str
) -> None:
    assert found(deadline_check(rows, *events, now=now)) == {fault: 1}


def due(**changes: Any) -> RefundDue:
    amounts = {"lines": (), "amount": usd(2500), "source": RefundSource.AGREEMENT, "bank_window_bd": (3, 15), "timezone": "UTC"}
    parties = {"dispute_id": "dsp_1", "buyer_id": "bea", "seller_id": "sam"}
    return RefundDue(refund_id="rfd_1", order_id="o1", payment_id="o1", rules=("S40",), **amounts | parties | changes)


def noted(outcome: RefundOutcome = RefundOutcome.ISSUED) -> RefundNoted:
    named: dict[str, Any] = {"refund_id": "rfd_1", "order_id": "o1", "dispute_id": "dsp_1", "source_event": "payment-o1/3"}
    return RefundNoted(**named, outcome=outcome, amount=usd(2500), lines=(), reason=None, rules=("S57",))


@pytest.mark.parametrize(
    ("events", "faults"),
    [
        ([due(), requested(), issued(), noted()], {}),
        ([requested(), issued(), noted(), due()], {}),
        ([due()], {"unanswered": 1}),
        ([requested()], {"unasked": 1}),
        ([due(), requested(), issued()], {"unnoted": 1}),
        ([due(), requested(), issued(), noted(RefundOutcome.FAILED)], {"unnoted": 1}),
        ([due(), requested(), issued(), noted(), noted()], {"noted_twice": 1}),
    ],
)
def test_what_was_asked_is_answered_and_what_was_issued_is_noted(events: list[Event], faults: dict[str, int]) -> None:
    check = SagaCheck()
    for version, event in enumerate(events, 1):
        check.add(recorded(version, "dispute-dsp_1", version, event))
    assert found(check.result()) == faults


def test_a_note_on_the_order_beside_the_disputes_is_the_same_note() -> None:
    check = SagaCheck()
    for stream, event in (("dispute-d", due()), ("payment-o1", requested()), ("payment-o1", issued()), ("dispute-d", noted()), ("order-o1", noted())):
        check.add(recorded(1, stream, 1, event))
    assert found(check.result()) == {}


COUNTING: Model[int] = Model(
    "counts",
    "counts",
    "",
    "",
    lambda each: each.metadata.key,
    0,
    lambda state, _: state + 1,
    lambda key, state: {"count": state} if state else None,
)


def model_check(rows: dict[str, Row], included: int = 3) -> Check:
    """The log holds o1 at 1 and 3, o2 at 2."""
    check = ModelCheck(COUNTING, rows, included)
    for position, key in ((1, "o1"), (2, "o2"), (3, "o1")):
        check.add(recorded(position, f"order-{key}", 1, LOST, key))
    return check.result()


O1, O2 = Row(3, {"count": 2}), Row(2, {"count": 1})


@pytest.mark.parametrize(
    ("rows", "included", "faults"),
    [
        ({"o1": O1, "o2": O2}, 3, {}),
        ({"o1": Row(1, {"count": 1}), "o2": O2}, 2, {}),  # it does not yet include the third event, and need not
        ({"o1": O1}, 1, {}),
        ({"o1": Row(3, {"count": 1}), "o2": O2}, 3, {"wrong": 1}),
        ({"o1": Row(1, {"count": 1}), "o2": O2}, 3, {"behind": 1}),
        ({"o1": Row(2, {"count": 1}), "o2": O2}, 2, {"wrong": 1}),
        ({"o1": Row(9, {"count": 2}), "o2": O2}, 3, {"wrong": 1}),
        ({"o1": O1}, 3, {"missing": 1}),
        ({"o1": O1, "o2": O2, "o3": O2}, 3, {"extra": 1}),
    ],
)
def test_a_row_is_the_fold_up_to_the_position_that_it_names(rows: dict[str, Row], included: int, faults: dict[str, int]) -> None:
    assert found(model_check(rows, included)) == faults


def journal_check(acks: list[dict[str, Any]], service: str = "dispute") -> Check:
    check = JournalCheck(acks, service)
    for each in LOG:
        check.add(each)
    return check.result()


@pytest.mark.parametrize(
    ("acks", "faults"),
    [
        ([], {}),
        ([{"service": "dispute", "position": 4, "command_id": "command-4"}] * 2, {}),
        ([{"service": "dispute", "position": 4}, {"service": "refund", "position": 77}], {}),
        ([{"service": "dispute", "position": 5}], {"lost": 1}),
        ([{"service": "dispute", "position": 4, "command_id": "command-9"}], {"others": 1}),
        ([{"service": "dispute", "position": 4, "command_id": f"command-{n}"} for n in (4, 9)], {"twice": 1}),
    ],
)
def test_every_acknowledged_command_is_in_the_log_once(acks: list[dict[str, Any]], faults: dict[str, int]) -> None:
    assert found(journal_check(acks)) == faults


def test_a_journal_is_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text('{"service": "dispute", "position": 1}\n\n{"service": "refund", "position": 2}\n')
    assert [ack["position"] for ack in journal(path)] == [1, 2]
    path.write_text('{"service": "dispute", "position": 1}\n{"position": 2}\n')
    with pytest.raises(ValueError, match="line 2"):
        journal(path)


def test_a_report_is_good_while_every_fault_is_zero_and_keeps_a_few_examples() -> None:
    check = Check.of("money", "lost")
    check.see("coins", 7)
    assert Report([check]).ok
    for coin in range(9):
        check.fault("lost", coin)
    report = Report([check])
    assert not report.ok
    assert report.lines == [f"{'money':<28} coins=7 lost=9"]
    assert check.examples == [f"lost: {coin}" for coin in range(5)]
    assert report.json["checks"][0]["faults"] == {"lost": 9}
