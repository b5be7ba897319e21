"""Counting time, as docs/rules/deadlines.md defines it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.calendar import from_day, within_business_days, within_days
from tests.cases.plugin import Came

ZONES = st.sampled_from(
    ["UTC", "America/Sao_Paulo", "Europe/Madrid", "Asia/Shanghai", "Atlantic/Azores", "Pacific/Apia"]
)
# Bounds are naive by hypothesis' own definition; the zone is added to what it draws.
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.integers(0, 100)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_within_five_days_ends_with_the_fifth_day() -> None:
    assert within_days(utc("2026-03-01T15:30"), 5, "UTC") == utc("2026-03-07")


def test_s21_from_the_eleventh_day_begins_with_that_day() -> None:
    assert from_day(utc("2026-03-01T23:59"), 11, "UTC") == utc("2026-03-12")


@pytest.mark.case("B64", given="20:00 of 1 March at -08:00, one day", right="2026-03-04T00:00:00+00:00")
def test_a_day_is_counted_in_the_policys_zone_whatever_the_carriers_offset_is(came: Came) -> None:
    came(within_days(datetime.fromisoformat("2026-03-01T20:00:00-08:00"), 1, "UTC").astimezone(UTC).isoformat())


@pytest.mark.case("B64+1", given="13:00 of 2 March at +14:00, one day", right="2026-03-03T00:00:00+00:00")
def test_nor_does_an_offset_to_the_east_win_a_day(came: Came) -> None:
    came(within_days(datetime.fromisoformat("2026-03-02T13:00:00+14:00"), 1, "UTC").astimezone(UTC).isoformat())


@pytest.mark.case(
    "B64+2", given="23:30 UTC of 1 March where the policy's zone is Shanghai's", right="2026-03-03T16:00:00+00:00"
)
def test_the_day_is_that_of_the_policy_time_zone(came: Came) -> None:
    came(within_days(utc("2026-03-01T23:30"), 1, "Asia/Shanghai").astimezone(UTC).isoformat())


@pytest.mark.parametrize(
    ("x", "n", "end"),
    [
        ("2026-03-02T10:00", 3, "2026-03-06"),  # Monday → end of Thursday
        ("2026-03-05T10:00", 3, "2026-03-11"),  # Thursday → end of Tuesday
        ("2026-03-06T10:00", 1, "2026-03-10"),  # Friday → end of Monday
        ("2026-03-07T10:00", 1, "2026-03-10"),  # Saturday → end of Monday
        ("2026-03-08T10:00", 15, "2026-03-28"),  # Sunday → end of the third Friday
        ("2026-03-02T10:00", 0, "2026-03-03"),
    ],
)
def test_business_days_are_monday_to_friday(x: str, n: int, end: str) -> None:
    assert within_business_days(utc(x), n, "UTC") == utc(end)


def test_a_holiday_is_no_business_day() -> None:
    easter_monday = date(2026, 4, 6)
    assert within_business_days(utc("2026-04-03T10:00"), 1, "UTC", {easter_monday}) == utc("2026-04-08")


def test_a_day_that_begins_after_a_jump_over_midnight_begins_at_the_jump() -> None:
    jump = utc("2018-11-04T03:00")
    assert from_day(utc("2018-11-03T12:00"), 1, "America/Sao_Paulo") == jump
    assert jump.astimezone(ZoneInfo("America/Sao_Paulo")).hour == 1


@given(INSTANTS, DAYS, ZONES)
def test_the_due_instant_is_later_and_its_predecessor_lies_n_days_after(x: datetime, n: int, tz: str) -> None:
    due, zone = within_days(x, n, tz), ZoneInfo(tz)
    assert due > x
    before = (due - timedelta(microseconds=1)).astimezone(zone).date()
    assert before - x.astimezone(zone).date() <= timedelta(days=n)
    assert due.astimezone(zone).date() - x.astimezone(zone).date() >= timedelta(days=n + 1)


@given(INSTANTS, INSTANTS, DAYS, ZONES)
def test_a_later_start_is_never_due_earlier(x: datetime, y: datetime, n: int, tz: str) -> None:
    first, second = sorted((x, y))
    assert within_days(first, n, tz) <= within_days(second, n, tz)
    assert within_business_days(first, n, tz) <= within_business_days(second, n, tz)


@given(INSTANTS, st.integers(1, 60))
def test_exactly_n_business_days_lie_before_the_end(x: datetime, n: int) -> None:
    end = within_business_days(x, n, "UTC").date()
    days = [x.date() + timedelta(days=i) for i in range(1, (end - x.date()).days)]
    assert sum(day.weekday() < 5 for day in days) == n
    assert days[-1].weekday() < 5
