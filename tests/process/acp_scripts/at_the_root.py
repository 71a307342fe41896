"""Calls what a server's root serves of ACP.

Arguments: the URL of the root, and the script beside this one whose client calls. Prints the
names of the operations that were called.
"""

import json
import sys
from importlib import import_module

from process.acp_scripts.tour import aliases


def main(url: str, whose: str) -> None:
    """Call, and tell."""
    client = import_module(f"process.acp_scripts.{whose}").client
    root, mount = client(url), client(f"{url}/acp")
    print(json.dumps(aliases(root, mount)))
    for each in (root, mount):
        each.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
