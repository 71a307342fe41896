"""The program itself: its help, its version, what it says of a command that does not exist."""

import difflib
import functools
from collections.abc import Callable, Iterable
from typing import Any

import click

import demotic
from demotic.domain.errors import DemoticError


class _Program(click.Group):
    """Names the command that was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = difflib.get_close_matches(name, self.commands, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"There is no command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    name="demotic",
    cls=_Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(demotic.__version__, prog_name="demotic", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """One agent server, every agent protocol.

    Serves the graphs of a langgraph.json, durably, from one process and one file. Where you
    begin: `demotic new` writes a project, `demotic dev` serves the one you are in.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def clean_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print a known error as one message, without a traceback, and exit with 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DemoticError as error:
            raise click.ClickException(error.message) from None

    return run


def say(text: str) -> None:
    """Tell what happens, beside the output."""
    click.secho(text, fg="magenta", err=True)


def show_warnings(warnings: Iterable[str]) -> None:
    """Print warnings, one a line."""
    for warning in warnings:
        click.secho(f"Warning: {warning}", fg="yellow", err=True)
