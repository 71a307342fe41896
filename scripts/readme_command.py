"""Prints the shell command under a heading of README.md, so that CI runs what readers run."""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def command(heading: str) -> str:
    """The first shell command under a heading. Raises `LookupError`."""
    text = README.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    block = found and re.search(r"^```sh\n(.*?)\n```$", found[1], re.M | re.S)
    if not block:
        raise LookupError(f"README.md has no shell command under '{heading}'.")
    return block[1]


if __name__ == "__main__":
    sys.stdout.write(command(sys.argv[1]) + "\n")
