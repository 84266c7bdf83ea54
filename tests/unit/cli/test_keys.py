"""Claims about `gateway keys`: what is made lies outside the policy, what is ended is ended whatever else is odd."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import main
from gateway.cli.keys import without_row
from gateway.errors import GatewayError
from gateway.identity import Issued, IssuedKey, compile_callers, digest, identify
from gateway.processes import audit, key_file
from gateway.record.store import open_store
from gateway.source import parse
from tests.unit.record.build import caller, outcome, put, request

CALLERS = f"""\
# who may call
teams:
  research: {{data_class: public}}   # the curious
  sales: {{data_class: internal}}
keys:
  # the first
  - {{id: bot, team: research, sha256: "{digest("a")}"}}
  - id: crm
    team: sales
    sha256: "{digest("b")}"
tags: [audited]
"""
IDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def ids(text: str) -> list[str]:
    keyring, problems = compile_callers(parse(text.encode(), "callers.yaml"))
    assert keyring is not None, problems
    return sorted(caller.key_id for caller in keyring.callers.values())


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["keys", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def state(tmp_path, monkeypatch):
    """An empty state folder."""
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("GATEWAY_DATABASE_URL", raising=False)
    return tmp_path / "state"


@pytest.fixture
def folder(tmp_path, state):
    (tmp_path / "callers.yaml").write_text(CALLERS)
    return tmp_path


@given(id=IDS)
@pytest.mark.thorough
def test_a_row_can_be_taken_away_whatever_it_is_called(id):
    row = json.dumps({"id": id, "team": "research", "sha256": digest("c")}, ensure_ascii=False)
    added = CALLERS.replace("tags:", f"  - {row}\ntags:")

    if id not in ids(CALLERS):
        assert ids(without_row(parse(added.encode(), "callers.yaml"), id)) == ids(CALLERS)


def test_a_row_of_several_lines_goes_as_a_whole():
    left = without_row(parse(CALLERS.encode(), "callers.yaml"), "crm")

    assert ids(left) == ["bot"]
    assert "sales" not in left.split("keys:")[1]


def test_a_new_key_is_shown_once_and_only_its_hash_is_kept_outside_the_policy(folder, state, capsys):
    assert run("new", "--team", "sales", "--app", "crm", "--policies", str(folder), "--json") == 0

    made = json.loads(capsys.readouterr().out)
    kept = (state / "keys.jsonl").read_text()
    assert (digest(made["key"]) in kept, made["key"] in kept) == (True, False)
    assert (state / "keys.jsonl").stat().st_mode & 0o777 == 0o600
    assert (folder / "callers.yaml").read_text() == CALLERS


def test_a_row_for_callers_yaml_is_printed_and_kept_nowhere(folder, state, capsys):
    assert run("new", "--team", "sales", "--id", "mine", "--row", "--policies", str(folder)) == 0

    key, _, row = capsys.readouterr().out.splitlines()
    (folder / "callers.yaml").write_text(CALLERS.replace("tags:", f"{row}\ntags:"))
    assert ids((folder / "callers.yaml").read_text()) == ["bot", "crm", "mine"]
    assert digest(key) in row
    assert not (state / "keys.jsonl").exists()


def test_a_key_of_an_unknown_team_is_refused_with_the_nearest(folder, capsys):
    assert run("new", "--team", "sale", "--policies", str(folder)) == 1

    assert capsys.readouterr().err == "error: no team is called `sale`; did you mean `sales`?\n"
    assert (folder / "callers.yaml").read_text() == CALLERS


def test_two_keys_of_one_name_are_refused(folder, capsys):
    assert run("new", "--team", "sales", "--id", "crm", "--policies", str(folder)) == 1
    assert "there is a key called `crm` already" in capsys.readouterr().err


def test_a_day_that_is_none_is_used_wrongly(folder, capsys):
    assert run("new", "--team", "sales", "--expires", "soon", "--policies", str(folder)) == 2
    assert "2027-01-31" in capsys.readouterr().err


@pytest.mark.parametrize("day", ["2020-01-31", datetime.now(UTC).date().isoformat()])
def test_a_key_that_has_expired_already_is_not_made(folder, capsys, day):
    assert run("new", "--team", "sales", "--expires", day, "--policies", str(folder)) == 2
    assert "is not to come" in capsys.readouterr().err
    assert (folder / "callers.yaml").read_text() == CALLERS


def test_a_key_is_rotated_and_the_old_one_works_for_some_days_more(folder, state, capsys):
    for id, overlap in (("crm", "3"), ("crm.2", "0")):
        assert run("rotate", id, "--overlap-days", overlap, "--policies", str(folder), "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    keyring, _ = compile_callers(parse(CALLERS.encode(), "callers.yaml"))
    assert keyring is not None
    issued, now = Issued(key_file.read(state).rows), time.time()

    assert (first["id"], first["old"], second["id"], second["old"]) == ("crm.2", "crm", "crm.3", "crm.2")
    assert [identify(key, keyring, now, issued).key_id for key in ("b", second["key"])] == ["crm", "crm.3"]
    for key, at in ((first["key"], now + 1), ("b", now + 3 * 86_400 + 1)):
        with pytest.raises(GatewayError, match="was replaced by another"):
            identify(key, keyring, at, issued)
    assert (folder / "callers.yaml").read_text() == CALLERS


def test_keys_are_listed_without_their_hashes(folder, state, capsys):
    assert run("new", "--team", "sales", "--id", "fresh", "--policies", str(folder)) == 0
    capsys.readouterr()
    assert run("list", "--policies", str(folder)) == 0

    listed = capsys.readouterr().out
    assert [line.split()[:4] for line in listed.splitlines()[1:]] == [
        ["bot", "research", "-", "callers.yaml"],
        ["crm", "sales", "-", "callers.yaml"],
        ["fresh", "sales", "-", "issued"],
    ]
    assert not re.search("[0-9a-f]{64}", listed)


def test_a_revoked_key_of_the_file_is_gone_from_it_and_ended(folder, state):
    assert run("revoke", "bot", "--policies", str(folder)) == 0
    assert ids((folder / "callers.yaml").read_text()) == ["crm"]
    keyring, _ = compile_callers(parse(CALLERS.encode(), "callers.yaml"))
    assert keyring is not None
    with pytest.raises(GatewayError, match="revoked"):
        identify("a", keyring, time.time(), Issued(key_file.read(state).rows))


def test_an_issued_key_is_revoked_whatever_stands_in_callers_yaml(folder, state, capsys):
    assert run("new", "--team", "sales", "--id", "fresh", "--policies", str(folder)) == 0
    (folder / "callers.yaml").write_text("teams: {research: {data_class: secret}}\n")

    assert run("revoke", "fresh", "--policies", str(folder)) == 0
    assert [row.end for row in key_file.read(state).rows.values()] == ["revoked"]
    assert run("revoke", "fresher", "--policies", str(folder)) == 1
    assert "callers.yaml:1:" in capsys.readouterr().err


def test_a_key_that_is_not_there_cannot_be_revoked(folder, capsys):
    assert run("revoke", "bots", "--policies", str(folder)) == 1
    assert "did you mean `bot`?" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [b"{", b"null\n", b"\x00\xff"], ids=repr)
def test_no_key_is_made_beside_rows_that_cannot_be_read_and_they_stay(folder, state, capsys, damage):
    assert run("new", "--team", "sales", "--id", "fresh", "--policies", str(folder)) == 0
    file = state / "keys.jsonl"
    file.write_bytes(file.read_bytes() + damage)

    assert run("new", "--team", "sales", "--policies", str(folder)) == 1
    assert "keys.jsonl:2 cannot be read" in capsys.readouterr().err
    assert run("revoke", "fresh", "--policies", str(folder)) == 0
    content = key_file.read(state)
    assert ([row.end for row in content.rows.values()], len(content.damaged)) == (["revoked"], 1)
    assert run("list", "--policies", str(folder)) == 1


def test_an_erased_key_leaves_its_hash_alone(folder, state, capsys):
    assert run("new", "--team", "sales", "--id", "maria", "--app", "hers", "--policies", str(folder), "--json") == 0
    made = json.loads(capsys.readouterr().out)

    assert run("erase", "maria") == 0
    [row] = key_file.read(state).rows.values()
    assert row == IssuedKey(digest(made["key"]), ends_at=0.0, end="erased")
    assert b"maria" not in (state / "keys.jsonl").read_bytes()
    assert run("revoke", "maria", "--policies", str(folder)) == 1


def test_every_step_is_a_row_of_the_audit(folder, state):
    for words in (("new", "--team", "sales", "--id", "x"), ("rotate", "x"), ("revoke", "x.2")):
        assert run(*words, "--policies", str(folder)) == 0
    assert run("erase", "x") == 0

    rows = list(audit.rows(state))
    assert [(row["action"], row["detail"]["id"], row["via"], row["by"]) for row in rows] == [
        (action, id, "command", audit.user())
        for action, id in (("key_made", "x"), ("key_rotated", "x"), ("key_revoked", "x.2"), ("key_erased", "x"))
    ]
    assert "sha256" not in str(rows)


def test_a_folder_without_callers_says_so(tmp_path, capsys):
    assert run("list", "--policies", str(tmp_path)) == 1
    assert "callers.yaml cannot be read: No such file or directory" in capsys.readouterr().err


def test_a_broken_file_is_shown_with_the_line(folder, capsys):
    (folder / "callers.yaml").write_text("teams: {research: {data_class: secret}}\n")

    assert run("list", "--policies", str(folder)) == 1
    assert f"--> {folder}/callers.yaml:1:" in capsys.readouterr().err


def test_a_key_is_erased_from_the_ledger_and_its_money_stays(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("GATEWAY_DATABASE_URL", raising=False)
    assert run("erase", "research-bot") == 2
    store = open_store(database_url=None, state_dir=tmp_path)
    put(store, outcome(), outcome(request=request("r2"), caller=caller(key_id="other")))
    capsys.readouterr()

    assert run("erase", "research-bot", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"id": "research-bot", "requests": 1, "keys": 0}

    kept = sorted((row["key_id"] or "", row["cost_usd"]) for row in store.rows())
    assert kept == [("", "0.00031"), ("other", "0.00031")]
    assert run("erase", "research-bot") == 1
    store.close()
