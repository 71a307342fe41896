"""The commands on the pages are the ones that CI runs."""

import re
import subprocess
import sys

from docs.pages import ROOT, SCRIPTS, blocks, read


def shell_blocks(page: str) -> list[str]:
    """The shell commands of a page."""
    return [text.strip() for language, text in blocks(read(ROOT / page)) if language == "sh"]


def readme_command(heading: str) -> str:
    """What CI takes from the README."""
    script = str(SCRIPTS / "readme_command.py")
    done = subprocess.run(
        [sys.executable, script, heading], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()


def test_ci_runs_every_command_of_the_readme() -> None:
    taken = re.findall(r"readme_command\.py (\w+)", (ROOT / ".ci" / "run").read_text())
    assert [readme_command(heading) for heading in taken] == shell_blocks("README.md")


def test_ci_runs_every_gate_of_the_contributors_page() -> None:
    _, gates = shell_blocks("CONTRIBUTING.md")
    script = (ROOT / ".ci" / "run").read_text()
    for gate in gates.splitlines():
        command = gate.removeprefix(".venv/bin/")
        assert command in script or readme_command("Test").endswith(gate)


def test_the_quickstart_starts_as_the_readme_does() -> None:
    assert shell_blocks("docs/quickstart.md")[0] == readme_command("Start")
