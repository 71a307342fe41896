"""`demotic new`: writes a project to start from."""

import shutil
from pathlib import Path

import click

import demotic
from demotic.cli.app import clean_errors
from demotic.domain.errors import DemoticError

STARTER = Path(demotic.__file__).parent / "starter"

FILES = {
    "langgraph.json": "langgraph.json",
    "graph.py": "graph.py",
    "README.md": "README.md",
    "env.example": ".env.example",
    "gitignore": ".gitignore",
}
"""The starter's files, and what they are called in a project."""


@click.command("new", short_help="Write a project to start from.")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@clean_errors
def command(path: Path, force: bool) -> None:
    """Write a project to start from into PATH, by default into this folder.

    An agent without keys that asks a person before it acts, its langgraph.json, and what
    belongs around them.
    """
    if path.is_dir() and any(path.iterdir()) and not force:
        raise DemoticError(
            f"The folder {path.absolute()} is not empty. Choose another, or add --force, which "
            f"replaces {', '.join(FILES.values())} there."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
        for source, name in FILES.items():
            shutil.copyfile(STARTER / source, path / name)
        if not (path / ".env").exists():  # what it holds is the user's own
            shutil.copyfile(STARTER / "env.example", path / ".env")
    except OSError as error:
        raise DemoticError(f"The project cannot be written: {error}") from None
    click.echo(f"Wrote {', '.join(FILES.values())} to {path.absolute()}.")
    enter = "" if path.absolute() == Path.cwd() else f"cd {path} && "
    click.echo(f"Next: {enter}demotic dev")
