"""`demotic completion`: the script that completes commands in a shell."""

import click
from click.shell_completion import get_completion_class

from demotic.cli.app import clean_errors, main
from demotic.domain.errors import DemoticError


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@clean_errors
def command(shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    \b
    bash: demotic completion bash >> ~/.bashrc
    zsh:  demotic completion zsh >> ~/.zshrc
    fish: demotic completion fish > ~/.config/fish/completions/demotic.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise DemoticError(f"There is no completion for {shell}.")
    try:
        click.echo(found(main, {}, "demotic", "_DEMOTIC_COMPLETE").source())
    except RuntimeError as error:  # bash is too old, or missing
        raise DemoticError(str(error)) from None
