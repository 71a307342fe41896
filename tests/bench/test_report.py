"""Figures become verdicts: medians, ratios of neighbours, targets that failed runs never meet."""

from collections.abc import Sequence

from demotic.bench.comparison import Measured
from demotic.bench.kinds import KINDS
from demotic.bench.report import document, text, verdicts
from demotic.bench.rows import Figures, Row, Target
from demotic.bench.workloads import ROWS

ROW = Row(
    name="row",
    title="a row",
    work="echo",
    runs=100,
    concurrency=8,
    floor="memory",
    targets=(
        Target("runs_per_s", 0.5, at_least=True, of_floor=True),
        Target("p50_ms", 5.0),
        Target("cpu_ms", 1.0),
    ),
    shown=("wall_s",),
)


def measured(server: Sequence[Figures], floor: Sequence[Figures] = ()) -> Measured:
    """Repetitions of the row."""
    return Measured(ROW, list(server), {"memory": list(floor)})


def test_a_figure_is_the_median_and_a_ratio_is_that_of_neighbours() -> None:
    found = measured(
        [{"runs_per_s": 50.0}, {"runs_per_s": 200.0}, {"runs_per_s": 90.0}],
        [{"runs_per_s": 100.0}, {"runs_per_s": 250.0}, {"runs_per_s": 100.0}],
    )
    assert found.figure("runs_per_s") == 90
    assert found.base("runs_per_s", "memory") == 100
    assert found.ratio("runs_per_s", "memory") == 0.8
    assert found.spread("runs_per_s") == 150 / 90


def test_a_target_is_met_missed_or_was_not_measured() -> None:
    found = measured([{"runs_per_s": 40.0, "p50_ms": 5.0}], [{"runs_per_s": 100.0}])
    assert [found.met(target) for target in ROW.targets] == [False, True, None]
    _, *lines = verdicts([found])
    assert [line[-1] for line in lines] == ["NOT MET", "met", "not measured", ""]


def test_a_row_with_a_failed_run_never_counts_as_met() -> None:
    found = measured([{"p50_ms": 1.0, "errors": 1.0, "error": "Refused: no"}])
    assert not any(found.met(target) for target in ROW.targets)
    assert "row: 1 runs failed, the first with: Refused: no" in text([found])


def test_the_document_has_every_repetition_and_every_verdict() -> None:
    runs: list[Figures] = [{"p50_ms": 3.0}, {"p50_ms": 4.0}]
    row = document([measured(runs)], 2)["rows"]["row"]
    assert row["server"] == runs
    assert row["median"]["p50_ms"] == 3.5
    assert [target["met"] for target in row["targets"]] == [None, True, None]


def test_a_quick_measurement_still_has_every_client_at_work() -> None:
    assert ROW.scaled(quick=False) == 100
    assert ROW.scaled(quick=True) == 20
    assert Row(name="x", title="", work="echo", runs=10, concurrency=8).scaled(quick=True) == 8


def test_every_row_has_its_load() -> None:
    assert {row.work for row in ROWS} == KINDS.keys()
