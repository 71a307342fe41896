"""The way of a streamed run through the modules is as short and as straight as the docs say."""

import json
import re
import subprocess
import sys

from docs.pages import DOCS, SCRIPTS, read


def test_a_streamed_run_crosses_the_stations_that_the_page_lists() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "request_path.py"), "--json"],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, f"too many stations, or a way up: {done.stdout}{done.stderr}"
    page = read(DOCS / "explanation" / "architecture.md")
    listed = page.partition("<!-- stations -->")[2].partition("<!-- end -->")[0]
    assert sorted(re.findall(r"`(\S+)`", listed)) == sorted(json.loads(done.stdout)["stations"])
