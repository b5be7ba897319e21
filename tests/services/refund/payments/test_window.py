"""The window in which the bank credits a refund: business days of a zone and a calendar, after a return the later of
two (S58, S59, K1, D12).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund.domain.deadlines import credit_window
from refund.domain.decider import decider
from refund.policies import notify
from shared.calendars import holidays_of
from shared.events.order import MethodWindow
from tests.support.builders import refunds as p
from tests.support.policies import sent
from tests.support.spec import given as given_events

YEARS = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
INSTANTS = st.integers(0, int((YEARS[1] - YEARS[0]).total_seconds())).map(lambda n: YEARS[0] + timedelta(seconds=n))
CALENDARS = st.sampled_from([None, "DE", "DE-BY", "BR-SP", "US", "CN"])
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "America/Sao_Paulo", "America/New_York"])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("issued", "zone", "calendar", "begins", "ends"),
    [
        ("2026-03-02T10:00", "UTC", None, "2026-03-06", "2026-03-24"),
        ("2026-03-06T23:59:59", "UTC", None, "2026-03-12", "2026-03-28"),
        ("2026-03-07T00:00", "UTC", None, "2026-03-12", "2026-03-28"),
        ("2026-03-08T23:59:59", "UTC", None, "2026-03-12", "2026-03-28"),
        ("2026-03-09T00:00", "UTC", None, "2026-03-13", "2026-03-31"),
        ("2026-03-06T15:59", "Asia/Shanghai", None, "2026-03-11T16:00", "2026-03-27T16:00"),
        ("2026-03-08T16:00", "Asia/Shanghai", None, "2026-03-12T16:00", "2026-03-30T16:00"),
        ("2026-03-07T02:00", "America/New_York", None, "2026-03-12T04:00", "2026-03-28T04:00"),
        ("2026-12-23T10:00", "UTC", None, "2026-12-29", "2027-01-14"),
        ("2026-12-23T10:00", "UTC", "DE", "2026-12-30", "2027-01-16"),
        ("2026-12-23T10:00", "UTC", "DE-BY", "2026-12-30", "2027-01-19"),
        ("2026-04-20T12:00", "America/Sao_Paulo", "BR", "2026-04-25T03:00", "2026-05-14T03:00"),
    ],
)
def test_s58_d12_the_window_leaves_out_weekends_and_the_calendar_s_holidays_also_over_the_end_of_a_year(
    issued: str, zone: str, calendar: str | None, begins: str, ends: str
) -> None:
    request = p.requested(timezone=zone, holidays=calendar)
    assert credit_window(request, utc(issued)) == (utc(begins), utc(ends))


@pytest.mark.parametrize(
    ("issued", "begins", "ends"),
    [
        ("2026-03-04T10:00", "2026-03-06", "2026-03-31"),
        ("2026-03-06T00:00", "2026-03-06", "2026-03-31"),
        ("2026-03-09T10:00", "2026-03-09T10:00", "2026-03-31"),
        ("2026-03-10T10:00", "2026-03-10T10:00", "2026-04-01"),
        ("2026-03-20T10:00", "2026-03-20T10:00", "2026-04-11"),
    ],
)
def test_s59_k1_after_a_return_the_window_is_the_later_of_what_counts_from_the_issue_and_from_the_receipt(
    issued: str, begins: str, ends: str
) -> None:
    request = p.requested(return_id="ret_1", refund_after_return_bd=20, received_at=p.MONDAY)
    assert credit_window(request, utc(issued)) == (utc(begins), utc(ends))


BY_METHOD = (
    MethodWindow(method="wallet", bank_window_bd=(3, 10)),
    MethodWindow(method="qiwi", bank_window_bd=(1, 5)),
    MethodWindow(method="account", bank_window_bd=(4, 12)),
)


@pytest.mark.parametrize(
    ("methods", "begins", "ends"),
    [
        (["visa"], "2026-03-06", "2026-03-24"),
        (["paypal"], "2026-03-06", "2026-03-17"),
        (["qiwi"], "2026-03-04", "2026-03-10"),
        (["bank_transfer"], "2026-03-07", "2026-03-19"),
        (["qiwi", "bank_transfer"], "2026-03-04", "2026-03-19"),
        ([], "2026-03-06", "2026-03-24"),
    ],
)
def test_s59_the_window_is_the_method_s_else_its_kind_s_else_any_s_and_several_have_the_first_and_the_last_day(
    methods: list[str], begins: str, ends: str
) -> None:
    request = p.requested(window_by_method=BY_METHOD)
    assert credit_window(request, p.MONDAY, methods) == (utc(begins), utc(ends))


def test_s59_k1_after_a_return_the_outer_bound_is_the_receipt_s_whatever_the_method() -> None:
    request = p.requested(window_by_method=BY_METHOD, refund_after_return_bd=20, received_at=p.MONDAY)
    assert credit_window(request, p.MONDAY, ["qiwi"]) == (utc("2026-03-04"), utc("2026-03-31"))


@pytest.mark.parametrize(
    ("method", "ends", "kind"),
    [
        ("visa", "2026-03-24", "refund_overdue_card"),
        ("qiwi", "2026-03-10", "refund_overdue_wallet"),
        ("bank_transfer", "2026-03-19", "refund_overdue_account"),
    ],
)
def test_d12_s63_a_refund_is_overdue_at_the_end_of_its_method_s_window_and_the_notice_is_about_that_method(
    method: str, ends: str, kind: str
) -> None:
    issued = (
        given_events(decider, p.captured(method=method)).when(p.request(window_by_method=BY_METHOD)).when(p.issue())
    )
    assert issued.deadlines == {("payment-o1", "bank_settlement:rfd_9a31"): utc(ends)}
    issued.when(p.close_window(at=utc(ends) - timedelta(microseconds=1), due_at=utc(ends))).then_nothing()
    (overdue,) = issued.when(p.close_window(at=utc(ends), due_at=utc(ends))).events
    assert sent(notify, overdue).kind == kind


def test_s63_the_notice_of_what_went_several_ways_names_the_checks_of_all_and_that_of_a_bonus_its_own() -> None:
    bonus, several = p.overdue(way="bonus"), p.overdue(way=None)
    assert [sent(notify, each).kind for each in (bonus, several)] == ["refund_overdue_bonus", "refund_overdue"]


@given(INSTANTS, CALENDARS, ZONES)
def test_s58_a_calendar_never_makes_a_window_shorter_and_no_window_ends_before_it_begins(
    issued: datetime, calendar: str | None, zone: str
) -> None:
    plain = credit_window(p.requested(timezone=zone), issued)
    begins, ends = credit_window(p.requested(timezone=zone, holidays=calendar), issued)
    assert plain[0] <= begins < ends
    assert plain[1] <= ends


@given(INSTANTS, st.integers(0, 60), CALENDARS)
def test_s59_after_a_return_nothing_is_overdue_sooner_than_without_one(
    received: datetime, days: int, calendar: str | None
) -> None:
    issued = received + timedelta(days=days)
    after = p.requested(holidays=calendar, refund_after_return_bd=20, received_at=received)
    begins, ends = credit_window(after, issued)
    assert issued <= begins <= ends
    assert ends >= credit_window(p.requested(holidays=calendar), issued)[1]


def test_a_calendar_that_does_not_exist_is_refused() -> None:
    for name in ("XX", "BR-XX", ""):
        with pytest.raises(ValueError, match="there is no calendar"):
            holidays_of(name)
