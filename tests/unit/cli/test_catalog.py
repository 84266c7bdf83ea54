"""`gateway catalog` over a folder: what it prints, and with which exit code it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.catalog import app
from gateway.cli.mistakes import Mistake
from gateway.errors import GatewayError
from tests.unit.catalog.small import KNOWN, LABS, MODELS, OPERATORS, WIRE

DOOR = f"""
endpoints:
  - {{id: acorn@mill, {KNOWN}, {WIRE}, price_keys: ["litellm:mill/acorn", "model-prices:mill/acorn"]}}
"""
LITELLM = {"mill/acorn": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}}
SNAPSHOT = {
    "prices": {"mill": {"acorn": {"standard": [
        {"start": None, "rates": {"input": 1.5, "output": 2.0, "valid_from": "2026-01-01T00:00:00Z", "source": "seen"}}
    ]}}},
    "schedules": {"schedule": []},
}  # fmt: skip


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies" / "catalog"
    folder.mkdir(parents=True)
    for name, text in (("labs", LABS), ("models", MODELS), ("operators", OPERATORS), ("endpoints", DOOR)):
        (folder / f"{name}.yaml").write_text(text)
    return folder.parent


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    packages = tmp_path / "maps" / "lib"
    for name, file, data in (
        ("litellm", "model_prices_and_context_window_backup.json", LITELLM),
        ("model_prices", "snapshot.json", SNAPSHOT),
    ):
        (packages / name).mkdir(parents=True)
        (packages / name / file).write_text(json.dumps(data))
        (packages / f"{name}-1.2.dist-info").mkdir()
    return tmp_path / "maps"


def run(*words: object, expect: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == expect, result.output
    return result.stdout


@pytest.mark.thorough
def test_show_alone_prints_the_whole_catalogue(policies):
    assert run("show", "--policies", policies) == "acorn@mill: weights US, exposure DE, US, risk low\n"
    assert set(json.loads(run("show", "--policies", policies, "--json"))) >= {
        "labs",
        "models",
        "operators",
        "endpoints",
    }


@pytest.mark.parametrize(
    ("option", "name"), [("--lab", "oak"), ("--model", "graft"), ("--operator", "mill"), ("--endpoint", "acorn@mill")]
)
def test_show_prints_one_thing_for_reading_and_as_data(policies, option, name):
    assert f"id: {name}\n" in run("show", "--policies", policies, option, name)
    assert json.loads(run("show", "--policies", policies, option, name, "--json"))["id"] == name


def test_show_of_two_things_is_used_wrongly(policies):
    with pytest.raises(Mistake, match="name one thing"):
        run("show", "--policies", policies, "--lab", "oak", "--model", "acorn")

    with pytest.raises(Mistake, match="name one thing"):
        run("show", "--policies", policies, "acorn", "--lab", "oak")


@pytest.mark.parametrize(
    ("name", "kinds"), [("oak", {"lab"}), ("graft", {"model"}), ("mill", {"operator"}), ("acorn@mill", {"endpoint"})]
)
def test_a_bare_name_shows_whatever_bears_it(policies, name, kinds):
    shown = json.loads(run("show", "--policies", policies, name, "--json"))

    assert {kind: row["id"] for kind, row in shown.items()} == dict.fromkeys(kinds, name)


def test_what_is_not_there_is_said(policies):
    with pytest.raises(GatewayError, match="did you mean `graft`"):
        run("show", "--policies", policies, "--model", "craft")
    with pytest.raises(GatewayError, match="nothing is called `craft`; did you mean `graft`"):
        run("show", "--policies", policies, "craft")


def test_an_unknown_price_ends_with_1(policies):
    words = ("price", "--policies", policies, "--endpoint", "acorn@mill", "--usage", '{"input_tokens": 1}')

    assert json.loads(run(*words, "--json", expect=1))["cost_usd"] is None
    assert "cost_usd: unknown" in run(*words, "--at", "2026-11-20T02:00:00Z", expect=1)


@pytest.mark.parametrize(
    ("usage", "at", "said"),
    [
        ("no json", "2026-11-20", "--usage is no JSON"),
        ("[1]", "2026-11-20", "--usage is an object of counts"),
        ('{"input_tokens": -1}', "2026-11-20", "--usage is an object of counts"),
        ("{}", "yesterday", "`yesterday` is no time"),
    ],
)
def test_a_price_asked_wrongly_says_how_to_ask(policies, usage, at, said):
    with pytest.raises(Mistake, match=said) as raised:
        run("price", "--policies", policies, "--endpoint", "acorn@mill", "--usage", usage, "--at", at)

    assert raised.value.exit_code == 2


def test_check_lists_what_is_wrong_unknown_contradictory_and_gone(policies, maps):
    told = json.loads(run("check", "--policies", policies, "--maps", maps, "--json", expect=1))["findings"]

    assert {found["kind"] for found in told} == {"wrong", "unknown", "contradiction"}
    assert [found["message"] for found in told if found["kind"] == "contradiction"] == [
        "acorn@mill: `input` is 1 in litellm@1.2:mill/acorn and 1.5 in model-prices@1.2:mill/acorn"
    ]


def test_check_without_the_maps_compares_nothing(policies, tmp_path):
    assert "contradiction" not in run("check", "--policies", policies, "--maps", tmp_path / "none", expect=1)


def test_refresh_shows_what_would_change_and_writes_only_when_told(policies, maps):
    prices = policies / "catalog" / "prices.yaml"

    shown = run("refresh", "--policies", policies, "--maps", maps, "--since", "2026-11-12")
    assert "acorn@mill\n  - unknown\n  + input: 1, output: 2\n" in shown
    assert not prices.exists()

    run("refresh", "--policies", policies, "--maps", maps, "--since", "2026-11-12", "--write")
    assert '{since: 2026-11-12, input: 1, output: 2, from: "litellm@1.2:mill/acorn"}' in prices.read_text()

    again = json.loads(run("refresh", "--policies", policies, "--maps", maps, "--json"))
    assert (again["changes"], again["unresolved"], len(again["contradictions"])) == ([], [], 1)


def test_refresh_without_the_maps_says_how_to_get_them(policies, tmp_path):
    with pytest.raises(Mistake, match="make dialects"):
        run("refresh", "--policies", policies, "--maps", tmp_path / "none")


def test_a_price_that_no_longer_resolves_is_named(policies, maps):
    (policies / "catalog" / "endpoints.yaml").write_text(DOOR.replace("litellm:mill/acorn", "litellm:mill/gone"))

    told = run("refresh", "--policies", policies, "--maps", maps, "--since", "2026-11-12")

    assert "acorn@mill: `litellm:mill/gone` no longer resolves\n" in told


def test_a_day_that_is_none_is_used_wrongly(policies, maps):
    with pytest.raises(Mistake, match="is no day"):
        run("refresh", "--policies", policies, "--maps", maps, "--since", "soon")
