"""The command line, as a person meets it: help, versions, and refusals with the fix."""

import json
import re
import socket
from pathlib import Path

import pytest

import demotic
from cli.programs import refused, run
from demotic.cli.dev import ELSEWHERE
from demotic.cli.listening import check_host
from demotic.config import SETTINGS


def test_the_version_is_shown() -> None:
    assert run("--version").stdout == f"demotic {demotic.__version__}\n"


def test_the_program_alone_shows_its_help() -> None:
    assert run().exit_code == 0
    assert run().stdout == run("--help").stdout
    listed = run().stdout.partition("Commands:")[2].split("\n")
    names = {line.split()[0] for line in listed if line.strip()}
    others = {"bench", "completion", "deliveries", "doctor", "new", "validate"}
    assert names == {"dev", "serve", *others}


@pytest.mark.parametrize(
    ("typed", "said"), [("vlidate", "Did you mean 'validate'?"), ("xyzzy", "no command 'xyzzy'.\n")]
)
def test_an_unknown_command_is_named_with_the_one_that_was_meant(typed: str, said: str) -> None:
    result = run(typed)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("flag", sorted(ELSEWHERE))
def test_an_option_of_langgraph_dev_that_is_not_here_says_what_to_do(flag: str) -> None:
    result = run("dev", flag)
    assert result.exit_code == 2
    assert f"There is no option {flag}. {ELSEWHERE[flag]}" in result.stderr


def test_help_names_every_flag_of_the_settings() -> None:
    text = run("dev", "--help").stdout
    flags = {each.flag for each in SETTINGS if each.flag}
    assert flags | {"--config", "--no-browser", "--no-reload", "--insecure"} <= set(
        re.findall(r"--[a-z-]+", text)
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", ""])
def test_a_host_that_others_can_reach_is_refused_with_the_reason(project: Path, host: str) -> None:
    message = refused("dev", "--host", host)
    assert "nobody is asked for a key" in message
    assert "--insecure" in message


def test_a_host_that_does_not_exist_is_refused(project: Path) -> None:
    assert "there is no such address" in refused("dev", "--host", "256.1.1.1.invalid")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_hosts_of_this_machine_pass(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    check_host(host)


def test_a_port_that_is_taken_is_named_with_the_flag(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("dev", "--no-browser", "--port", str(port))
    assert f"Error: Port {port} on 127.0.0.1 is taken" in message
    assert "--port" in message


def test_an_address_of_another_machine_cannot_be_listened_on(project: Path) -> None:
    message = refused("dev", "--insecure", "--host", "192.0.2.1", "--port", "0")
    assert "Cannot listen on 192.0.2.1" in message


def test_a_configuration_that_was_named_must_exist(project: Path) -> None:
    assert f"no configuration file {project / 'x.json'}" in refused("dev", "-c", "x.json")
    (project / "sub").mkdir()
    assert str(project / "sub" / "langgraph.json") in refused("dev", "-c", "sub")


def test_a_broken_configuration_is_one_message(project: Path) -> None:
    (project / "langgraph.json").write_text("{")
    message = refused("dev")
    assert message.startswith(f"Error: {project / 'langgraph.json'}: line 1, column 2: not JSON")


def test_a_variable_of_the_env_file_counts_and_warnings_are_shown(project: Path) -> None:
    (project / ".env").write_text("PORT=none\n")
    keys = {"graphs": {"mine": "./agent.py:graph"}, "env": ".env", "encryption": {"path": "x.py:e"}}
    (project / "langgraph.json").write_text(json.dumps(keys))
    assert "Error: PORT: must be a whole number" in refused("dev")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        message = refused("dev", "--port", str(taken.getsockname()[1]))
    assert "Warning: " in message
    assert "encryption: is not honoured yet" in message
