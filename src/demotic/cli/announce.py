"""What a developer is told once the server answers."""

import json
import os
import sys
import threading
import webbrowser

import click

import demotic
from demotic.cli.serving import Plan, origin_of, url_of
from demotic.config import Config, Settings

HELLO = {"role": "user", "content": "Hello"}


def announce(plan: Plan, config: Config, settings: Settings) -> None:
    """Tell what is served and where, and open the browser there."""
    url = url_of(config, settings)
    click.echo(_banner(plan, config, settings, url))
    if plan.browser and _has_browser():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _banner(plan: Plan, config: Config, settings: Settings, url: str) -> str:
    agent = next(iter(config.graphs))
    asked = json.dumps({"assistant_id": agent, "input": {"messages": [HELLO]}})
    served = "the packaged EXAMPLE" if plan.is_example else origin_of(config)
    return "\n".join(
        [
            "",
            click.style(f"Demotic {demotic.__version__}", bold=True) + f" serves {served}",
            *(f"  Agent  {name}{_about(spec.description)}" for name, spec in config.graphs.items()),
            "  URL    " + click.style(url, fg="cyan", underline=True),
            f"  Data   {settings.data_dir}",
            f"  curl   curl {url}/runs/wait -H 'content-type: application/json' -d '{asked}'",
            f'  Python langgraph_sdk.get_sync_client(url="{url}").runs.wait(None, "{agent}", ...)',
            "",
        ]
    )


def _about(description: str | None) -> str:
    return f": {' '.join(description.split())}" if description else ""


def _has_browser() -> bool:
    """Whether a window can be opened; a browser inside the terminal would take it over."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(each) for each in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
