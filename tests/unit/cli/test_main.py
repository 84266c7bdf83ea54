"""Claims about the `gateway` command as a whole: help everywhere, exit codes, no traceback for a user's mistake."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from gateway.cli import COMMANDS, main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("command", ["serve", "demo", "check", "explain", "schema", "classify"])
def test_every_command_explains_itself_with_an_example(command, capsys):
    assert run(command, "--help") == 0
    assert f"Example: gateway {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["new", "list", "revoke"])
def test_every_command_of_keys_explains_itself_with_an_example(command, capsys):
    assert run("keys", command, "--help") == 0
    assert f"Example: gateway keys {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", [(), ("keys",), ("catalog",)])
def test_what_only_groups_commands_has_an_example_too(command, capsys):
    assert run(*command, "--help") == 0
    assert "Example: gateway " in capsys.readouterr().out


def test_an_unknown_command_is_used_wrongly(capsys):
    assert run("sevre") == 2
    assert "No such command 'sevre'" in capsys.readouterr().err


def test_an_unusable_setting_is_named(monkeypatch, capsys):
    monkeypatch.setenv("GATEWAY_PORT", "http")

    assert run("serve") == 2
    assert capsys.readouterr().err == "error: GATEWAY_PORT is 'http'; it takes a number from 0 to 65535\n"


def test_a_policy_folder_that_is_not_there_is_named_with_a_way_out(tmp_path, capsys):
    assert run("serve", "--policies", str(tmp_path / "absent"), "--port", "0") == 2

    told = capsys.readouterr().err
    assert f"there is no policy folder {tmp_path / 'absent'}" in told
    assert "--policies or GATEWAY_POLICIES" in told


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("GATEWAY_CONTROL_PORT", "0")

    assert run("serve", "--policies", "policies/examples/eu-residency", "--port", "0") == 2
    told = capsys.readouterr().err
    assert str(tmp_path / "file") in told
    assert "GATEWAY_STATE_DIR" in told


def test_a_broken_policy_is_shown_with_all_its_mistakes_and_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "policy.yaml").write_text("version: 2\nrotes: []\n")

    assert run("serve", "--policies", str(tmp_path), "--port", "0") == 2
    told = capsys.readouterr().err
    assert f"--> {tmp_path}/policy.yaml:2:1" in told
    assert told.count("error: ") > 2


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_taken_port_is_named_with_a_way_out(command, tmp_path, monkeypatch, capsys, small_folder):
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("GATEWAY_POLICIES", str(small_folder))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert run(command, "--port", str(port)) == 2
    assert f"port {port} on 127.0.0.1 is taken; choose another with --port or GATEWAY_PORT" in capsys.readouterr().err


@pytest.fixture
def small_folder(tmp_path):
    from gateway.demo import stage

    urls = dict.fromkeys(("self", "simulated-cn", "simulated-us", "simulated-west"), "http://127.0.0.1:9/v1")
    stage.write_folder(tmp_path / "policies", urls=urls, keys=stage.fresh_keys())
    return tmp_path / "policies"


@pytest.mark.thorough
def test_serve_imports_no_module_of_another_command():
    others = sorted({f"gateway.cli.{module}" for module in COMMANDS.values()} - {"gateway.cli.serve"})
    code = f"""
import sys
from gateway.cli import main
try:
    main(["serve", "--help"])
except SystemExit:
    print([name for name in {others} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
