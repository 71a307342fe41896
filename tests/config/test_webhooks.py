"""What the file and the settings say of webhooks."""

import base64
import json
import re
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from demotic.config import Config, ConfigError, Webhooks, read_config, read_settings
from demotic.server import callbacks_of

DEFAULTS = {"data_dir": Path("data")}
SECRET = "whsec_" + base64.b64encode(bytes(24)).decode()


def read(folder: Path, webhooks: Any, **environ: str) -> Config:
    """A configuration with this key."""
    file = folder / "langgraph.json"
    file.write_text(json.dumps({"graphs": {"a": "./a.py:graph"}, "webhooks": webhooks}))
    return read_config(file, environ)


def test_without_the_key_any_public_receiver_may_be_called(tmp_path: Path) -> None:
    config = read(tmp_path, None)
    assert config.webhooks == Webhooks()
    assert (config.webhooks.require_https, config.webhooks.disable_loopback) == (False, True)


@pytest.mark.requirement("langgraph.webhooks.https")
def test_with_the_key_https_is_required_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, {}).webhooks.require_https
    assert read(tmp_path, {"url": {"require_https": None}}).webhooks.require_https
    assert not read(tmp_path, {"url": {"require_https": False}}).webhooks.require_https


def test_rules_for_urls_are_read(tmp_path: Path) -> None:
    rules = {
        "require_https": False,
        "allowed_domains": ["*.Example.com", "localhost"],
        "allowed_ports": [443, 8000],
        "max_url_length": 100,
        "disable_loopback": False,
    }
    config = read(tmp_path, {"url": rules})
    assert config.warnings == ()
    assert config.webhooks == Webhooks(
        allowed_domains=("*.example.com", "localhost"),
        allowed_ports=(443, 8000),
        max_url_length=100,
        disable_loopback=False,
    )


def test_headers_are_filled_with_variables_of_the_prefix(tmp_path: Path) -> None:
    headers = {"Authorization": "Bearer ${{ env.LG_WEBHOOK_TOKEN }}", "X-Plain": "$ {x}"}
    config = read(tmp_path, {"headers": headers}, LG_WEBHOOK_TOKEN="t0p")
    assert config.webhooks.headers == {"Authorization": "Bearer t0p", "X-Plain": "$ {x}"}
    own = {"env_prefix": "HOOK_", "headers": {"X-A": "${{env.HOOK_A}}-${{ env.HOOK_B }}"}}
    assert read(tmp_path, own, HOOK_A="1", HOOK_B="2").webhooks.headers == {"X-A": "1-2"}


def test_the_file_of_variables_may_hold_them(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LG_WEBHOOK_TOKEN=t0p\n")
    file = tmp_path / "langgraph.json"
    keys = {"headers": {"X-A": "${{ env.LG_WEBHOOK_TOKEN }}"}}
    file.write_text(json.dumps({"graphs": {"a": "./a.py:g"}, "env": ".env", "webhooks": keys}))
    assert read_config(file, {}).webhooks.headers == {"X-A": "t0p"}


def test_the_variable_stands_for_the_key(tmp_path: Path) -> None:
    given = json.dumps({"url": {"disable_loopback": False}})
    config = read(tmp_path, None, LANGGRAPH_WEBHOOKS=given)
    assert not config.webhooks.disable_loopback


@pytest.mark.parametrize(
    ("webhooks", "message"),
    [
        (3, "webhooks: must be an object"),
        ({"url": 3}, "webhooks.url: must be an object"),
        ({"env_prefix": ""}, "webhooks.env_prefix: must be a text that is not empty"),
        ({"headers": ["X"]}, "webhooks.headers: must be an object"),
        ({"headers": {"X": 1}}, "webhooks.headers.X: must be a text"),
        ({"headers": {"X Y": "1"}}, "webhooks.headers.X Y: is not the name of a header"),
        ({"headers": {"Host": "a"}}, "webhooks.headers.Host: is set by the server itself"),
        ({"headers": {"Webhook-Id": "a"}}, "is set by the server itself"),
        ({"headers": {"X": "a\r\nY: b"}}, "webhooks.headers.X: must be printable ASCII on one"),
        (
            {"headers": {"X": "${{ env.LG_WEBHOOK_NONE }}"}},
            "webhooks.headers.X: names the variable LG_WEBHOOK_NONE, which is not set. Set it.",
        ),
        (
            {"headers": {"X": "${{ env.HOME }}"}},
            "may only name variables that begin with LG_WEBHOOK_; HOME does not",
        ),
        (
            {"headers": {"X": "${{ secrets.A }}"}},
            "${{ secrets.A }} must be of the form ${{ env.LG_WEBHOOK_NAME }}",
        ),
        ({"url": {"require_https": "no"}}, "webhooks.url.require_https: must be true or false"),
        ({"url": {"disable_loopback": 0}}, "webhooks.url.disable_loopback: must be true or"),
        ({"url": {"allowed_domains": "a"}}, "webhooks.url.allowed_domains: must be a list of t"),
        ({"url": {"allowed_domains": ["https://a"]}}, "'https://a' must be a name"),
        ({"url": {"allowed_domains": ["a.*"]}}, "'a.*' must be a name"),
        ({"url": {"allowed_ports": ["443"]}}, "webhooks.url.allowed_ports: must be a list of w"),
        ({"url": {"allowed_ports": [True]}}, "must be a list of whole numbers"),
        ({"url": {"allowed_ports": [0]}}, "must list numbers from 1 to 65535"),
        ({"url": {"max_url_length": 0}}, "webhooks.url.max_url_length: must be a whole number"),
    ],
)
def test_what_cannot_be_used_stops_the_start(tmp_path: Path, webhooks: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        read(tmp_path, webhooks, LG_WEBHOOK_SET="x", HOME="y")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = {"headers": {"X": 1}, "url": {"require_https": 1, "allowed_ports": 1}}
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, wrong)
    assert len(caught.value.problems) == 3


def test_a_key_that_is_not_known_is_warned_of_with_the_one_that_was_meant(tmp_path: Path) -> None:
    config = read(tmp_path, {"header": {}, "url": {"allow_domains": []}})
    known = "there is no such setting; it is ignored. Did you mean"
    assert [each.partition(": ")[2] for each in config.warnings] == [
        f"webhooks.header: {known} 'webhooks.headers'?",
        f"webhooks.url.allow_domains: {known} 'webhooks.url.allowed_domains'?",
    ]


def test_secrets_are_read_one_or_several() -> None:
    other = "whsec_" + base64.b64encode(bytes([1]) * 32).decode().rstrip("=")
    settings = read_settings({}, {"DEMOTIC_WEBHOOK_SECRET": f"{SECRET} {other}"}, DEFAULTS)
    assert settings.webhook_secrets == (bytes(24), bytes([1]) * 32)
    assert read_settings({}, {}, DEFAULTS).webhook_secrets == ()


@pytest.mark.parametrize("text", ["secret", "whsec_!", "whsec_AAAA", SECRET[6:], f"{SECRET} x"])
def test_a_secret_that_is_none_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigError, match="DEMOTIC_WEBHOOK_SECRET: must be `whsec_`") as caught:
        read_settings({}, {"DEMOTIC_WEBHOOK_SECRET": text}, DEFAULTS)
    assert text not in caught.value.message.replace("`whsec_`", "")


def test_networks_are_read_and_refused_with_their_variable() -> None:
    given = {"DEMOTIC_WEBHOOK_NETWORKS": "10.0.0.0/8, fd12::/16"}
    networks = read_settings({}, given, DEFAULTS).webhook_networks
    assert networks == (ip_network("10.0.0.0/8"), ip_network("fd12::/16"))
    for wrong in ("10.0.0.1/8", "internal"):
        with pytest.raises(ConfigError, match="DEMOTIC_WEBHOOK_NETWORKS: must be networks"):
            read_settings({}, {"DEMOTIC_WEBHOOK_NETWORKS": wrong}, DEFAULTS)


async def test_file_and_settings_decide_where_callbacks_go(tmp_path: Path) -> None:
    config = read(tmp_path, {"url": {"disable_loopback": False, "require_https": False}})
    given = {"DEMOTIC_WEBHOOK_NETWORKS": "10.0.0.0/8", "DEMOTIC_WEBHOOK_LOG_SECS": "60"}
    callbacks = callbacks_of(config, read_settings({}, given, DEFAULTS))
    assert callbacks is not None and callbacks.keep_s == 60
    for url in ("http://127.0.0.1/", "http://[::1]/", "http://10.1.1.1/", "https://a.example/"):
        callbacks.sender.check(url)
    for url in ("http://192.168.0.1/", "/hook"):
        with pytest.raises(Exception, match="must not"):
            callbacks.sender.check(url)
    await callbacks.sender.close()


def test_webhooks_can_be_switched_off(tmp_path: Path) -> None:
    config = replace(read(tmp_path, None), webhooks=Webhooks(disabled=True))
    assert callbacks_of(config, read_settings({}, {}, DEFAULTS)) is None
