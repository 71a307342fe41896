"""The instants of cron expressions, compared with clocks that are looked at second by second."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demotic.domain.instants import LONGEST, check_expression, check_zone, next_instant
from demotic.domain.schedules import Timing

MINUTE = timedelta(minutes=1)


def us(text: str) -> int:
    """An instant in microseconds."""
    moment = datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * 1_000_000


def told(instant_us: int) -> str:
    """An instant as text."""
    return datetime.fromtimestamp(instant_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def instants(expression: str, zone: str | None, after: str, count: int) -> list[str]:
    """The next instants of an expression."""
    found: list[str] = []
    now_us = us(after)
    for _ in range(count):
        following = next_instant(expression, zone, now_us)
        assert following is not None and following > now_us
        found.append(told(following))
        now_us = following
    return found


def all_instants(expression: str, zone: str, begin: str, end: str) -> list[str]:
    """Every instant of an expression after one and up to another."""
    found: list[str] = []
    now_us = us(begin)
    while (following := next_instant(expression, zone, now_us)) is not None:
        if following > us(end):
            return found
        found.append(told(following))
        now_us = following
    return found


def minutes(zone: str, begin: str, end: str) -> Iterator[tuple[datetime, datetime]]:
    """What the clock shows at each minute after an instant and up to another."""
    moment, here = datetime.fromisoformat(begin).replace(tzinfo=UTC), ZoneInfo(zone)
    last = datetime.fromisoformat(end).replace(tzinfo=UTC)
    while moment < last:
        moment += MINUTE
        yield moment, moment.astimezone(here).replace(tzinfo=None)


def daily(zone: str, hour: int, minute: int, begin: str, end: str) -> list[str]:
    """When a clock shows a time of the day first, or has just skipped it."""
    found: list[str] = []
    passed = datetime.fromisoformat(begin).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    latest = passed.replace(tzinfo=None)
    for moment, shown in minutes(zone, begin, end):
        if shown <= latest:
            continue  # shown before
        days = [latest.date() + timedelta(days=n) for n in range((shown - latest).days + 2)]
        dues = [datetime(day.year, day.month, day.day, hour, minute) for day in days]
        if any(latest < due <= shown for due in dues):
            found.append(moment.strftime("%Y-%m-%d %H:%M:%S"))
        latest = shown
    return found


def hourly(zone: str, minute: int, begin: str, end: str) -> list[str]:
    """When a clock shows a minute of any hour."""
    return [
        moment.strftime("%Y-%m-%d %H:%M:%S")
        for moment, shown in minutes(zone, begin, end)
        if shown.minute == minute
    ]


CHANGES = [
    ("America/New_York", "2026-03-06", "2026-03-10"),
    ("America/New_York", "2026-10-30", "2026-11-03"),
    ("Europe/Oslo", "2026-03-27", "2026-03-31"),
    ("Europe/Oslo", "2026-10-23", "2026-10-27"),
    ("Australia/Lord_Howe", "2026-04-03", "2026-04-07"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-02", "2026-10-06"),
    ("America/Santiago", "2026-09-04", "2026-09-08"),  # at midnight
    ("America/Santiago", "2026-04-03", "2026-04-07"),
    ("Africa/Casablanca", "2026-02-13", "2026-02-17"),
    ("Pacific/Apia", "2011-12-28", "2012-01-02"),  # a day that never was
    ("Asia/Kolkata", "2026-03-27", "2026-03-30"),
]


@pytest.mark.parametrize(("zone", "begin", "end"), CHANGES)
def test_a_time_of_the_day_comes_once_a_day_whatever_the_clock_does(
    zone: str, begin: str, end: str
) -> None:
    for hour, minute in [(0, 0), (0, 30), (1, 15), (1, 45), (2, 0), (2, 15), (2, 30), (3, 0)]:
        expected = daily(zone, hour, minute, begin, end)
        found = all_instants(f"{minute} {hour} * * *", zone, begin, end)
        assert found == expected, (hour, minute)


@pytest.mark.parametrize(("zone", "begin", "end"), CHANGES)
def test_every_hour_is_every_hour_whatever_the_clock_does(zone: str, begin: str, end: str) -> None:
    for minute in (0, 15, 30, 59):
        assert all_instants(f"{minute} * * * *", zone, begin, end) == hourly(
            zone, minute, begin, end
        )


def test_several_times_in_a_gap_come_once_together() -> None:
    expected = ["2026-03-08 07:00:00", "2026-03-08 07:20:00", "2026-03-08 07:40:00"]
    found = instants("*/20 2,3 * * *", "America/New_York", "2026-03-08 06:00", 3)
    assert found == expected


def test_seconds_are_the_sixth_field() -> None:
    expected = ["2026-06-01 00:00:15", "2026-06-01 00:00:45", "2026-06-01 00:01:15"]
    assert instants("* * * * * 15,45", None, "2026-06-01 00:00", 3) == expected


def test_each_second_of_a_repeated_hour_comes_once_and_is_found_quickly() -> None:
    zone = "America/New_York"
    assert instants("* 1 * * * *", zone, "2026-11-01 05:59:58", 2) == [
        "2026-11-01 05:59:59",
        "2026-11-02 06:00:00",
    ]
    assert instants("* 1 * * * *", zone, "2026-11-01 06:30", 1) == ["2026-11-02 06:00:00"]


def test_aliases_names_and_last_days_are_read() -> None:
    assert instants("@weekly", None, "2026-06-01", 1) == ["2026-06-07 00:00:00"]
    assert instants("0 9 * JAN MON-FRI", None, "2026-06-01", 1) == ["2027-01-01 09:00:00"]
    assert instants("0 0 L * *", None, "2026-06-01", 1) == ["2026-06-30 00:00:00"]
    assert instants("0 0 13 * FRI", None, "2026-06-01", 2) == [
        "2026-06-05 00:00:00",  # a day of the month or a day of the week
        "2026-06-12 00:00:00",
    ]


def test_a_rare_date_is_found_and_one_that_never_comes_is_none() -> None:
    assert instants("0 0 29 2 MON#5", "Europe/Oslo", "2026-06-01", 1) == ["2044-02-28 23:00:00"]
    assert next_instant("0 0 30 2 *", None, us("2026-06-01")) is None
    assert next_instant("0 * 30 2 *", None, us("2026-06-01")) is None


def test_a_timing_ends() -> None:
    timing = Timing(expression="0 0 * * *", end_us=us("2026-06-03"))
    assert timing.after(us("2026-06-02")) == us("2026-06-03")
    assert timing.after(us("2026-06-03")) is None
    assert Timing(expression="0 0 * * *").after(us("2026-06-03")) == us("2026-06-04")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("bogus", "1 fields"),
        ("* * * *", "4 fields"),
        ("* * * * * * *", "7 fields"),
        ("61 * * * *", "out of range"),
        ("* * * * * 60", "out of range"),
        ("@reboot", "columns"),
        ("R * * * *", "chance"),
        ("h(0-10) * * * *", "chance"),
        ("0 0 31 4 *", "no such date"),
        ("0 0 * * BLA", "not acceptable"),
        (f"{'1,' * LONGEST}1 * * * *", f"{LONGEST}"),
        ("", "0 fields"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_expression(expression)


@pytest.mark.parametrize("name", ["", "Europe", "Mars/Olympus", "../UTC", "/etc/localtime", "a\0"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="There is no time zone"):
        check_zone(name)
    check_zone("Europe/Oslo")


_part = st.text("0123456789*/,-?#LWRHlmonfriJAN@", max_size=8)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(_part, min_size=5, max_size=6).map(" ".join), st.text(max_size=30)))
def test_an_expression_is_refused_with_a_reason_or_can_be_used(expression: str) -> None:
    try:
        check_expression(expression)
    except ValueError as error:
        assert str(error)
        return
    assert next_instant(expression, "Europe/Oslo", us("2026-06-01")) is not None
