"""Claims about `gateway keys`: callers.yaml changes by one row, and everything else in it stays as it was."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import main
from gateway.cli.keys import with_row, without_row
from gateway.errors import GatewayError
from gateway.identity import compile_callers, digest, identify
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
WITHOUT_KEYS = "teams: {research: {data_class: public}}\n"
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
def folder(tmp_path):
    (tmp_path / "callers.yaml").write_text(CALLERS)
    return tmp_path


@pytest.mark.parametrize("text", [CALLERS, WITHOUT_KEYS, WITHOUT_KEYS + "keys: []\n", WITHOUT_KEYS + "keys:\n"])
@given(id=IDS)
def test_a_row_can_be_added_and_taken_away_whatever_it_is_called(text, id):
    row = {"id": id, "team": "research", "sha256": digest("c")}
    before = ids(text)

    added = with_row(parse(text.encode(), "callers.yaml"), row)
    assert ids(added) == sorted([*before, id])
    if id not in before:
        assert ids(without_row(parse(added.encode(), "callers.yaml"), id)) == before


def test_comments_and_order_survive():
    row = {"id": "new", "team": "sales", "sha256": digest("c")}

    added = with_row(parse(CALLERS.encode(), "callers.yaml"), row).splitlines()
    assert [line for line in added if "id: new" not in line] == CALLERS.splitlines()


def test_a_row_of_several_lines_goes_as_a_whole():
    left = without_row(parse(CALLERS.encode(), "callers.yaml"), "crm")

    assert ids(left) == ["bot"]
    assert "sales" not in left.split("keys:")[1]


def test_a_new_key_is_shown_once_and_only_its_hash_is_kept(folder, capsys):
    assert run("new", "--team", "sales", "--app", "crm", "--policies", str(folder), "--json") == 0

    made = json.loads(capsys.readouterr().out)
    kept = (folder / "callers.yaml").read_text()
    assert (digest(made["key"]) in kept, made["key"] in kept) == (True, False)


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


def test_a_key_is_rotated_and_the_old_one_works_for_some_days_more(folder, capsys):
    assert run("rotate", "crm", "--overlap-days", "3", "--policies", str(folder), "--json") == 0
    made = json.loads(capsys.readouterr().out)
    text = (folder / "callers.yaml").read_text()
    keyring, problems = compile_callers(parse(text.encode(), "callers.yaml"))
    assert keyring is not None, problems
    old, fresh = keyring.callers[digest("b")], keyring.callers[digest(made["key"])]

    assert (fresh.key_id, fresh.team.id, fresh.expires) == ("crm.2", "sales", None)
    assert (str(old.expires), old.key_id) == (made["old_ends"], "crm")
    assert identify("b", keyring, time.time()).key_id == "crm"
    with pytest.raises(GatewayError, match="expired"):
        identify("b", keyring, time.time() + 3 * 86_400)
    assert run("rotate", "crm.2", "--policies", str(folder)) == 0
    assert ids((folder / "callers.yaml").read_text()) == ["bot", "crm", "crm.2", "crm.3"]
    assert "# who may call" in text


def test_keys_are_listed_without_their_hashes(folder, capsys):
    assert run("list", "--policies", str(folder)) == 0

    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == ["id", "bot", "crm"]
    assert digest("a") not in listed


def test_a_revoked_key_is_gone(folder):
    assert run("revoke", "bot", "--policies", str(folder)) == 0
    assert ids((folder / "callers.yaml").read_text()) == ["crm"]


def test_a_key_that_is_not_there_cannot_be_revoked(folder, capsys):
    assert run("revoke", "bots", "--policies", str(folder)) == 1
    assert "did you mean `bot`?" in capsys.readouterr().err


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
    assert json.loads(capsys.readouterr().out) == {"id": "research-bot", "requests": 1}

    kept = sorted((row["key_id"] or "", row["cost_usd"]) for row in store.rows())
    assert kept == [("", "0.00031"), ("other", "0.00031")]
    assert run("erase", "research-bot") == 1
    store.close()
