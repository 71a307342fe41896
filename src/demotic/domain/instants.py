"""The instants at which the times of a cron expression come, in a time zone; pure.

Where clocks change there are two rules. An expression that names hours keeps to the wall clock:
a time that is skipped comes right after the gap, and one that is shown twice comes once, the
first time. An expression for every hour keeps to elapsed time: it comes whenever the clock shows
a time that matches, and a skipped one does not come. All numbers are seconds unless they say
otherwise; a wall time is a number, too: the seconds since 1970 that the clock seems to show.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND_US = 1_000_000
DAY = 86_400
LONGEST = 256  # characters of an expression
FIELDS = (5, 6)
UTC = "UTC"

_BEGINNING = datetime(1970, 1, 1)
_AT_RANDOM = re.compile(r"(?<![a-z])[hr](?![a-z])", re.IGNORECASE)


def check_expression(expression: str) -> None:
    """Raises `ValueError`, telling what is wrong with it."""
    if len(expression) > LONGEST:
        raise ValueError(f"It has more than {LONGEST} characters.")
    fields = expression.split()
    if len(fields) not in FIELDS and not expression.startswith("@"):
        raise ValueError(f"It has {len(fields)} fields.")
    if _AT_RANDOM.search(expression):
        raise ValueError("`H` and `R` leave the time to chance: name it.")
    if next_instant(expression, None, 0) is None:
        raise ValueError("There is no such date.")


def check_zone(name: str) -> None:
    """Raises `ValueError` unless it is a time zone of the IANA database."""
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"There is no time zone {name!r}. Name one of the IANA database, as Europe/Oslo."
        ) from None


def next_instant(expression: str, zone: str | None, after_us: int) -> int | None:
    """The first instant after one (microseconds since 1970, both); None where there is none.

    `expression` has five fields (minute, hour, day of month, month, day of week) or six, with
    seconds last, or is an alias such as `@daily`. `zone` is a name of the IANA database (None:
    UTC). Raises `ValueError` for an expression that cannot be read.
    """
    here, after = _zone(zone or UTC), after_us // SECOND_US
    if _is_hourly(expression):
        found = _by_elapsed_time(expression, here, after)
    else:
        found = _by_wall_clock(expression, here, after)
    return None if found is None else found * SECOND_US


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def _is_hourly(expression: str) -> bool:
    """Whether an expression leaves the hour open."""
    from croniter import croniter  # slow to import, and few servers need it

    hours: list[object] = croniter.expand(expression)[0][1]
    return hours == ["*"]


def _walls(expression: str, after: int) -> Iterator[int]:
    """The wall times of an expression."""
    from croniter import CroniterBadDateError, croniter

    found = croniter(expression, float(after), ret_type=float)
    while True:
        try:
            yield int(found.get_next())
        except CroniterBadDateError:
            return


def _by_wall_clock(expression: str, here: ZoneInfo, after: int) -> int | None:
    wall = after + _offset(here, after)
    first = _shown(here, wall)
    if first < after:  # it is shown again: all that comes until that is over has come before
        end = _change(here, first, after) - 1
        wall = end + _offset(here, end)
    for due in _walls(expression, wall):
        if (instant := _shown(here, due)) > after:
            return instant
    return None


def _by_elapsed_time(expression: str, here: ZoneInfo, after: int) -> int | None:
    since, offset = after, _offset(here, after)
    wall = after + offset
    while (due := next(_walls(expression, wall), None)) is not None:
        change = _next_change(here, since, due - offset)
        if change is None:
            return due - offset
        since, offset = change, _offset(here, change)
        wall = change + offset - 1  # what the clock shows from the change on counts, too
    return None


def _offset(here: ZoneInfo, instant: int) -> int:
    """How far the wall clock is ahead of UTC."""
    offset = datetime.fromtimestamp(instant, here).utcoffset()
    assert offset is not None, "a zone of the database has an offset"
    return int(offset.total_seconds())


def _shown(here: ZoneInfo, wall: int) -> int:
    """When the clock shows a time first; the end of the gap for one that it skips."""
    local = (_BEGINNING + timedelta(seconds=wall)).replace(tzinfo=here)
    before, after = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    assert before is not None and after is not None, "a zone of the database has an offset"
    instant = wall - int(before.total_seconds())
    if _offset(here, instant) == before.total_seconds():
        return instant
    return _change(here, wall - int(after.total_seconds()), instant)


def _next_change(here: ZoneInfo, since: int, until: int) -> int | None:
    """The first second after `since`, up to `until`, from which on the offset is another."""
    offset = _offset(here, since)
    while since < until:
        step = min(since + DAY, until)
        if _offset(here, step) != offset:
            return _change(here, since, step)
        since = step
    return None


def _change(here: ZoneInfo, low: int, high: int) -> int:
    """The second from which on the offset is no longer that of `low`: between both."""
    offset = _offset(here, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(here, middle) == offset:
            low = middle
        else:
            high = middle
    return high
