"""`demotic completion`: shells complete commands and options."""

import os

import pytest

from cli.programs import run, shell_output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_every_shell(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_DEMOTIC_COMPLETE" in result.stdout


def test_another_shell_is_refused_with_those_there_are() -> None:
    result = run("completion", "tcsh")
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="uses bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [("demotic va", "validate"), ("demotic completion z", "zsh"), ("demotic dev --no-r", "reload")],
)
def test_what_the_script_asks_for_is_answered(words: str, found: str) -> None:
    variables = {
        "_DEMOTIC_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    assert found in shell_output("demotic", variables)
