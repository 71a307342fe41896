"""`demotic validate`: whether a configuration can be used and its graphs load."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from demotic.cli.app import clean_errors, show_warnings
from demotic.cli.options import config_option
from demotic.cli.serving import choose_config, origin_of, sought
from demotic.config import Config, ConfigError, read_config
from demotic.domain.errors import DemoticError


@click.command("validate", short_help="Check a langgraph.json, load its graphs.")
@config_option
@click.option("--no-load", is_flag=True, help="Only read the file; load no graph.")
@clean_errors
def command(config: Path | None, no_load: bool) -> None:
    """Check a langgraph.json and load its graphs.

    Prints everything that is wrong or not honoured yet. Exits with 0 when it can be served,
    with 1 when not.
    """
    path = choose_config(config)
    if path is None:
        raise ConfigError(f"There is no configuration file {sought(None)}. Name it with --config.")
    try:
        read = read_config(path)
    except ConfigError as error:
        click.echo(str(path))
        show_warnings(error.warnings)
        show_errors(error.problems)
        finish(0, len(error.warnings), len(error.problems))
        return
    click.echo(origin_of(read))
    show_warnings(read.warnings)
    finish(len(read.graphs), len(read.warnings), 0 if no_load else load_all(read))


def load_all(config: Config) -> int:
    """Load every graph, and what keeps or embeds items, saying so; how many cannot be."""
    # What the server imports takes most of the time: a command that loads nothing is quick.
    from demotic.server import load_embeddings, load_own_store

    config.enter()
    parts: list[tuple[str, str, Callable[[], object]]] = [
        (name, spec.target, partial(load_alone, replace(config, graphs={name: spec})))
        for name, spec in config.graphs.items()
    ]
    if index := config.memory.index:
        parts.append(("store.index", index.embed, partial(load_embeddings, config)))
    if config.store is not None:
        parts.append(("store.path", config.store, partial(load_own_store, config)))
    width = max(len(name) for name, *_ in parts)
    return sum(not load(name.ljust(width), target, call) for name, target, call in parts)


def load_alone(config: Config) -> None:
    """Load a configuration of one graph: the graph, and what it says of itself."""
    from demotic.server import load_graphs, load_manifests

    load_graphs(config)
    load_manifests(config)


def load(name: str, target: str, call: Callable[[], object]) -> bool:
    """Load one part, saying so; whether it could be."""
    click.echo(f"  {name}  {target}  ", nl=False)
    started = time.perf_counter()
    try:
        call()
    except DemoticError as error:
        click.secho("failed", fg="red")
        show_errors([error.message])
        return False
    click.secho(f"loaded in {time.perf_counter() - started:.2f} s", fg="green")
    return True


def show_errors(problems: list[str] | tuple[str, ...]) -> None:
    """Print errors, one a line."""
    for problem in problems:
        click.secho(f"Error: {problem}", fg="red", err=True)


def finish(graphs: int, warnings: int, errors: int) -> None:
    """Sum up, and exit with 1 if there are errors."""
    parts = [counted(graphs, "graph")] if graphs else []
    click.echo(", ".join([*parts, counted(warnings, "warning"), counted(errors, "error")]))
    if errors:
        raise SystemExit(1)


def counted(number: int, noun: str) -> str:
    """`1 graph`, `2 graphs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
