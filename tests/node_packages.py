"""Packages of npm for tests that run JavaScript; kept between sessions."""

import os
import shutil
import subprocess
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pytest

MANIFESTS = ("package.json", "package-lock.json")
INSTALL_S = 120
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")


def node_packages(manifests: Path) -> Path:
    """A folder with the packages of a manifest installed. Skips without Node or its registry."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "demotic-tests"
    content = b"".join((manifests / name).read_bytes() for name in MANIFESTS)
    folder = cache / f"js-{sha256(content).hexdigest()[:16]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        _install(manifests, Path(mkdtemp(dir=cache)), folder)
    return folder


def beside_scripts(packages: Path, folder: Path, *scripts: Path) -> list[Path]:
    """Scripts copied to a folder where they find the packages: Node looks where a script is."""
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return [Path(shutil.copy(script, folder)) for script in scripts]


def _install(manifests: Path, draft: Path, folder: Path) -> None:
    """Install into a draft, which becomes the folder when it is whole."""
    try:
        for name in MANIFESTS:
            shutil.copy(manifests / name, draft)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        done = subprocess.run(command, cwd=draft, capture_output=True, text=True, timeout=INSTALL_S)
        if any(code in done.stderr for code in OFFLINE):
            pytest.skip(f"npm cannot reach its registry:\n{done.stderr[-500:]}")
        assert done.returncode == 0, done.stderr
        with suppress(OSError):  # another session was faster
            draft.rename(folder)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install the packages within {INSTALL_S} s")
    finally:
        shutil.rmtree(draft, ignore_errors=True)
