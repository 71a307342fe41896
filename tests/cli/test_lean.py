"""What the commands import is imported quickly, and leaves no trace of how."""

import subprocess
import sys

PROGRAM = """
import gc, sys
from demotic.cli import main
from demotic.cli.lean import UNSHOWN, lean

with lean():
    import demotic.server
print({UNSHOWN, 'prometheus_client'} & {*sys.modules})
print(gc.isenabled(), gc.get_freeze_count() > 10_000)
import rich.console
print(UNSHOWN in sys.modules)
"""


def test_a_server_loads_nothing_for_output_that_is_never_shown_and_agents_still_may() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=50
    )
    assert done.stdout.split("\n") == ["set()", "True True", "True", ""], done.stderr


def test_commands_that_only_read_load_no_agent_framework_and_no_watcher() -> None:
    program = (
        "import demotic.cli, sys; print({'langgraph', 'watchfiles', 'aiohttp'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50
    )
    assert done.stdout == "set()\n", done.stderr
