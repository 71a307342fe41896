"""The run's life as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demotic.domain.errors import IllegalTransition
from demotic.domain.lifecycle import (
    ACTIVE,
    FINAL,
    LEG_ENDS,
    TRANSITIONS,
    RunEvent,
    RunState,
    advance,
    mermaid,
)


@given(st.sampled_from(RunState), st.sampled_from(RunEvent))
def test_a_run_moves_only_along_the_table(state: RunState, event: RunEvent) -> None:
    if event in TRANSITIONS.get(state, {}):
        assert advance(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransition):
            advance(state, event)


def test_every_state_is_reached_and_every_path_can_end() -> None:
    reached = {RunState.QUEUED}
    for _ in RunState:
        reached |= {t for s in reached for t in TRANSITIONS.get(s, {}).values()}
    assert reached == set(RunState)
    for state in TRANSITIONS:
        assert any(target in LEG_ENDS for target in TRANSITIONS[state].values())


def test_a_run_holds_its_thread_busy_or_its_leg_has_ended() -> None:
    assert set(RunState) == LEG_ENDS | ACTIVE
    assert not LEG_ENDS & ACTIVE
    assert FINAL < LEG_ENDS


def test_the_diagram_shows_every_arrow() -> None:
    arrows = sum(len(row) for row in TRANSITIONS.values())
    assert mermaid().count("-->") == arrows + 1 + len(FINAL)
