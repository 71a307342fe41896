"""What is generated is up to date: settings, commands, routes, errors, the state machine."""

import shutil
import subprocess
import sys
from pathlib import Path

from docs.pages import DOCS, SCRIPTS


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the generator."""
    script = str(SCRIPTS / "generate_docs.py")
    return subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, timeout=50
    )


def test_every_generated_part_is_up_to_date() -> None:
    done = generate("--check")
    assert done.returncode == 0, done.stderr


def test_a_part_that_is_out_of_date_is_named_and_can_be_renewed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    page = docs / "reference" / "settings.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(good.replace("`2024`", "`2025`"), encoding="utf-8")

    done = generate("--check", "--docs", str(docs))
    assert (done.returncode, "reference/settings.md" in done.stderr) == (1, True)
    assert generate("--docs", str(docs)).returncode == 0
    assert page.read_text(encoding="utf-8") == good


def test_a_part_that_no_page_holds_is_named(tmp_path: Path) -> None:
    done = generate("--check", "--docs", str(tmp_path))
    assert (done.returncode, "state-machine" in done.stderr) == (1, True)
