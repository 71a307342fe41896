"""`demotic bench`: measures a server against bare LangGraph."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demotic.bench.served import CONFIG
from demotic.cli.app import clean_errors, say
from demotic.domain.errors import DemoticError

if TYPE_CHECKING:
    from demotic.bench.rows import Row

NEEDED = ("aiohttp", "psutil", "langgraph.checkpoint.sqlite")


@click.command("bench", short_help="Measure a server against bare LangGraph.")
@click.option("--base", metavar="URL", help="Measure the server that runs there.")
@click.option("--pid", type=int, help="Its process, to measure CPU and memory, too.")
@click.option("--only", metavar="ROWS", help="Names with commas, or `all`.  [default: the usual]")
@click.option("--reps", type=click.IntRange(1), default=5, help="Repetitions.  [default: 5]")
@click.option("--quick", is_flag=True, help="A fifth of the runs, one start: only to try it.")
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write every repetition of everything to this file.",
)
@click.option("--list", "listed", is_flag=True, help="List the rows, and end.")
@click.option("--graphs", is_flag=True, help="Print the langgraph.json to serve, and end.")
@clean_errors
def command(
    base: str | None,
    pid: int | None,
    only: str | None,
    reps: int,
    quick: bool,
    file: Path | None,
    listed: bool,
    graphs: bool,
) -> None:
    """Measure a server against bare LangGraph, and tell which targets are met.

    Starts `demotic dev` with graphs that do almost nothing, or measures the server at --base,
    which must serve the same graphs. Takes about two minutes. Needs `demotic[bench]`.

    Prints tables; tells the progress on the error stream. Exits with 1 when a run failed.
    """
    if listed:
        _list()
    elif graphs:
        click.echo(CONFIG)
    else:
        if pid and not base:
            raise click.UsageError("--pid tells of the server at --base. Name it, too.")
        _measure(_rows(only, base), reps, quick, base, pid, file)


def _list() -> None:
    """Every row, and whether it is a usual one."""
    from demotic.bench.workloads import ROWS, START  # other commands need no row

    width = max(len(row.name) for row in ROWS)
    for row in (START, *ROWS):
        usual = "" if row.asked_only else "  (usual)"
        click.echo(f"{row.name:<{width}}  {row.title}{usual}")


def _rows(only: str | None, base: str | None) -> "list[Row]":
    """The rows that are asked for."""
    from demotic.bench.workloads import NoSuchRow, chosen  # other commands need no row

    names = [each for each in (only or "").replace(" ", "").split(",") if each]
    try:
        rows = chosen(names)
    except NoSuchRow as error:
        raise click.UsageError(f"--only: {error}") from None
    if base and not rows:
        raise click.UsageError("--only: the start of a server at --base cannot be measured.")
    return rows


def _measure(
    rows: "list[Row]", reps: int, quick: bool, base: str | None, pid: int | None, file: Path | None
) -> None:
    if missing := [name for name in NEEDED if not _is_installed(name)]:
        raise DemoticError(
            f"The benchmark needs packages that are not installed ({', '.join(missing)}): "
            f"{sys.executable} -m pip install 'demotic[bench]'"
        )
    from demotic.bench import comparison, processes, report  # need these packages

    asked = comparison.Measuring(rows, reps, quick, base, pid)
    try:
        found = list(asked(lambda told: say(f"Measuring {told}")))
    except processes.Broken as error:
        raise DemoticError(str(error)) from None
    click.echo(report.text(found))
    if file:
        file.write_text(json.dumps(report.document(found, reps), indent=2) + "\n")
    if any(each.errors() for each in found):
        raise SystemExit(1)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # nor is a package around it
        return False
