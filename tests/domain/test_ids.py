"""Identifiers and feed positions."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from demotic.domain.ids import (
    MAX_EVENTS,
    SPACING,
    epoch_of,
    first_epoch,
    is_uuid,
    seq_of,
    system_assistant_id,
    uuid7,
)

INSTANTS = st.integers(0, 4_000_000_000_000_000)


@given(INSTANTS)
def test_new_ids_are_uuids_of_version_7_that_carry_their_instant(now_us: int) -> None:
    made = uuid.UUID(uuid7(now_us))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == now_us // 1000


def test_an_agents_assistant_has_the_id_that_clients_compute() -> None:
    assert system_assistant_id("agent") == "fe096781-5601-53d2-b2f6-0d3403f7e9ca"


@given(st.integers(0, (1 << 25) - 1), st.integers(0, MAX_EVENTS - 1))
def test_positions_fit_a_javascript_number_and_keep_their_epoch(epoch: int, n: int) -> None:
    assert seq_of(epoch, n) < 2**53
    assert epoch_of(seq_of(epoch, n) + SPACING - 1) == epoch


@given(st.integers(1, (1 << 25) - 2), st.integers(0, MAX_EVENTS - 1))
def test_a_later_epoch_lies_above_every_event_of_an_earlier_one(epoch: int, n: int) -> None:
    assert seq_of(epoch + 1, 0) > seq_of(epoch, n)


def test_the_first_epoch_counts_the_minutes_since_2026() -> None:
    assert first_epoch(1_767_225_600_000_000 + 7 * 60_000_000) == 7
    assert first_epoch(0) == 1


@given(st.text(max_size=40))
def test_only_canonical_uuids_are_uuids(text: str) -> None:
    assert not is_uuid(text) or str(uuid.UUID(text)) == text.lower()


def test_braces_urns_and_bare_hex_are_no_uuids() -> None:
    canonical = str(uuid.uuid4())
    assert is_uuid(canonical) and is_uuid(canonical.upper())
    for other in (canonical.replace("-", ""), "{" + canonical + "}", f"urn:uuid:{canonical}"):
        assert not is_uuid(other)
