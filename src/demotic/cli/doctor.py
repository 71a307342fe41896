"""`demotic doctor`: looks at everything a server needs, and says what to do where it lacks."""

from collections.abc import Iterator
from pathlib import Path

import click

from demotic.cli import examinations
from demotic.cli.app import clean_errors
from demotic.cli.examinations import Status
from demotic.cli.options import config_option, data_dir_option

COLOURS = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "red"}


@click.command("doctor", short_help="Look for what keeps a server from serving.")
@config_option
@data_dir_option
@clean_errors
def command(config: Path | None, data_dir: str | None) -> None:
    """Check versions, configuration, data directory, port and variables.

    Each line is ok, warn or fail, with what to do. Changes nothing. Exits with 1 on a fail.
    """
    failed = 0
    for heading, findings in examinations.all_of(config, data_dir):
        click.secho(heading, bold=True)
        failed += show(findings)
    if failed:
        raise SystemExit(1)


def show(findings: Iterator[examinations.Finding]) -> int:
    """Print findings as they are made; how many are a fail."""
    failed = 0
    for each in findings:
        failed += each.status is Status.FAIL
        mark = click.style(f"{each.status:4}", fg=COLOURS[each.status])
        click.echo(f"  {mark}  {each.text}")
        for line in each.fix.splitlines():
            click.echo(f"        {line}")
    return failed
