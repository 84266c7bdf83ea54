"""What check, explain, diff and schema print, and with which code they end."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.record.store import open_store
from gateway.supervisor.reload import accept
from tests.unit.policy.small import folder
from tests.unit.record.build import GLM, attempt, outcome, put, request

CASES = b"""\
- note: regulated data never leaves our machines
  given: {team: research, data_class: regulated}
  expect: {refused: true}
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return write(tmp_path / "policies", folder(cases=CASES))


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def edited(policies: Path, old: str, new: str) -> Path:
    path = policies / "policy.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return policies


def test_check_of_a_sound_folder_ends_with_zero_and_notes_missing_keys(capsys, policies):
    code, out, _ = run(capsys, "check", policies)

    assert code == 0
    assert "not set: OPENAI_API_KEY, TOGETHER_API_KEY, ZAI_API_KEY" in out
    assert "not active" not in out
    assert out.splitlines()[-1].startswith(f"{policies}: 7 guards, 3 routes, 4 endpoints; 1 cases passed, 0 failed")


def test_check_frames_every_mistake_with_the_file_as_the_shell_knows_it(capsys, policies):
    code, out, _ = run(capsys, "check", edited(policies, "pii: [email, phone", "pi: [email, fone"))

    assert code == 1
    assert "error: no signal is called `pi`" in out
    assert f" --> {policies}/policy.yaml:28:12" in out


def test_check_json_has_the_agreed_shape(capsys, policies):
    code, out, _ = run(capsys, "check", edited(policies, "try: [requested]", "try: [requsted]"), "--json")

    assert code == 1
    assert json.loads(out) == {
        "problems": [
            {
                "severity": "error",
                "message": "no endpoint or model is called `requsted`",
                "file": f"{policies}/policy.yaml",
                "line": 40,
                "column": 11,
                "help": "did you mean `requested`?",
            }
        ],
        "cases": {"passed": 0, "failed": 0},
    }


def test_check_looks_into_this_gateways_own_ledger_for_what_estimates_rest_on(capsys, policies, monkeypatch, tmp_path):
    state = tmp_path / "state"
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(state))
    path = policies / "policy.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("routes:")] + "routes: [{name: rest, try: [glm@zai], order: refusals}]\n")
    _, before, _ = run(capsys, "check", policies)
    with closing(open_store(database_url=None, state_dir=state)) as store:
        known = replace(GLM, id="glm@zai")
        rows = [outcome(attempt(known), request=request(f"r{n}", at=time.time())) for n in range(30)]
        put(store, *rows)
    _, after, _ = run(capsys, "check", policies)

    assert "goes by published rates for glm@zai" in before
    assert "published rates" not in after


def test_a_failing_case_is_an_error(capsys, policies):
    (policies / "cases" / "cases.yaml").write_bytes(CASES.replace(b"true", b"false"))

    code, out, _ = run(capsys, "check", policies, "--json")

    said = json.loads(out)
    assert (code, said["cases"]) == (1, {"passed": 0, "failed": 1})
    errors = [problem for problem in said["problems"] if problem["severity"] == "error"]
    assert errors[0]["message"] == "case failed: regulated data never leaves our machines"
    assert "it is refused" in errors[0]["help"]


@pytest.mark.parametrize("missing", ["policy.yaml", "callers.yaml", "catalog/all.yaml"])
def test_a_missing_part_is_one_clear_error(capsys, policies, missing):
    (policies / missing).unlink()

    code, out, err = run(capsys, "check", policies)

    assert code == 1
    assert out.count("error:") == 1 and "Traceback" not in out + err


def test_a_missing_folder_is_one_clear_error(capsys, tmp_path):
    code, out, err = run(capsys, "check", tmp_path / "nowhere")

    assert (code, (out + err).count("error:")) == (1, 1)


def test_explain_tells_the_decision_with_prices_and_what_stands_in_the_way(capsys, policies):
    code, out, _ = run(
        capsys, "explain", policies, "--all", "--team", "sales", "--given", "tokens=900", "--at", "2026-11-20T02:00:00Z"
    )

    assert code == 0
    assert "guard `eu-residency` applies (residency is eu)" in out
    assert "qwen@self (about $0.000420)" in out
    assert "    1. qwen@self  about $" in out
    assert "  glm@zai       removed by eu-residency, no-training-on-our-data" in out
    assert "canary: 5 % to glm@zai, not part of this decision; none for this request: it is removed or" in out
    assert "shadow: 1 % to glm@together, not part of this decision; none for this request: the team does not" in out


def test_explain_json_has_the_agreed_shape(capsys, policies):
    code, out, _ = run(capsys, "explain", policies, "--team", "research", "--data-class", "regulated", "--json")

    said = json.loads(out)
    assert code == 1
    assert list(said) == [
        "refused", "route", "endpoints", "removed", "unable", "signals", "why", "policy_version",
    ]  # fmt: skip
    assert (said["refused"], said["route"], said["endpoints"]) == (True, "rest", [])
    assert said["removed"]["qwen@self"] == ["regulated-stays-home"]
    assert said["signals"]["data_class"] == "regulated" and said["signals"]["topic"] == []


def test_explain_really_measures_a_text_and_given_overrides_it(capsys, policies):
    text = "please call +49 30 901820"
    _, measured, _ = run(capsys, "explain", policies, text, "--team", "research", "--json")
    _, overridden, _ = run(capsys, "explain", policies, text, "--team", "research", "--given", "pii=", "--json")

    assert json.loads(measured)["signals"]["pii"] == ["phone"]
    assert json.loads(measured)["signals"]["tokens"] > 0
    assert json.loads(overridden)["signals"]["pii"] == []


def test_a_lone_argument_is_a_folder_if_it_is_one(capsys, policies, monkeypatch):
    monkeypatch.setenv("GATEWAY_POLICIES", str(policies))

    as_folder = json.loads(run(capsys, "explain", policies, "--team", "research", "--json")[1])
    as_text = json.loads(run(capsys, "explain", "please call +49 30 901820", "--team", "research", "--json")[1])

    long = json.loads(run(capsys, "explain", "please call +49 30 901820 " * 500, "--team", "research", "--json")[1])

    assert (as_folder["signals"]["tokens"], as_text["signals"]["pii"]) == (0, ["phone"])
    assert long["signals"]["pii"] == ["phone"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--team", "salez"], "did you mean `sales`?"),
        (["--given", "pi=email"], "no signal is called `pi`"),
        (["--given", "tokens"], "gives no value"),
        (["--given", "tokens=many"], "expected a number"),
        (["--model", "gtp"], "did you mean `gpt`?"),
        (["--at", "yesterday"], "write 2026-11-20T02:00:00Z"),
    ],
)
def test_a_question_that_makes_no_sense_ends_with_two(capsys, policies, options, words):
    code, out, err = run(capsys, "explain", policies, *options)

    assert code == 2
    assert words in out + err and "Traceback" not in out + err


def test_model_known_follows_from_the_model(capsys, policies):
    _, out, _ = run(capsys, "explain", policies, "--team", "research", "--model", "glm", "--json")

    assert (json.loads(out)["route"], json.loads(out)["endpoints"]) == ("named", ["glm@zai", "glm@together"])


def test_diff_ends_with_one_if_it_widens_and_shows_a_request(capsys, policies, tmp_path):
    wider = write(tmp_path / "wider", folder())
    edited(wider, "    never: {exposure: china}\n\nroutes", "    never: {operator: openai}\n\nroutes")

    code, out, _ = run(capsys, "diff", policies, wider, "--json")
    allowed, _, _ = run(capsys, "diff", policies, wider, "--allow-widening")
    same, told, _ = run(capsys, "diff", policies, policies)

    said = json.loads(out)
    assert (code, allowed, same, told) == (0, 0, 0, "nothing changes for any caller\n")
    assert [change["endpoints"] for change in said["narrowed"]] == [["gpt@openai"]]
    assert said["narrowed"][0]["class"]["topic"] == ["prc_political", "unknown"]  # a guard holds on what is unknown


def test_diff_of_a_dropped_guard_widens(capsys, policies, tmp_path):
    wider = edited(write(tmp_path / "wider", folder()), "only: {storage: eu, inference: eu}", "only: {inference: eu}")
    edited(wider, "only: {inference: eu}", "never: {operator: zai}")

    code, out, _ = run(capsys, "diff", policies, wider)

    assert (code, run(capsys, "diff", policies, wider, "--allow-widening")[:2]) == (1, (0, out))
    assert "residency eu" in out and "may now reach gpt@openai" in out and "--given team=sales" in out


@pytest.mark.parametrize("command", [["explain"], ["diff", "."]])
def test_a_folder_that_does_not_compile_is_told_beside_the_output(capsys, policies, command):
    broken = edited(policies, "routes:", "rutes:")
    name, *others = command

    code, out, err = run(capsys, name, *[broken for _ in others], broken, "--json")

    assert (code, out) == (1, "")
    assert f"{broken}/policy.yaml:37:1" in err and "did you mean `routes`?" in err


def test_schema_writes_four_files(capsys, policies):
    code, out, _ = run(capsys, "schema", policies)

    assert (code, len(out.splitlines())) == (0, 4)
    assert {path.name for path in (policies / "schema").iterdir()} == {
        "policy.json",
        "callers.json",
        "catalog.json",
        "cases.json",
    }


def test_a_catalogue_that_nothing_names_is_told_with_the_way_out(capsys, caplog, tmp_path, policies):
    (tmp_path / "other").mkdir()
    (policies / "catalog" / "all.yaml").rename(tmp_path / "other" / "all.yaml")
    (policies / "catalog" / "mine.yaml").write_text("endpoints: []\n")
    edited(policies, "version: 1\n", "version: 1\ncatalog: ../other\n")

    _, out, _ = run(capsys, "check", policies)
    accept(policies, tmp_path / "state")

    assert "warning: nothing reads the files in `catalog/`: `catalog:` names only `../other`" in out
    assert "write `catalog: [../other, catalog]`" in out
    assert "nothing reads the files in `catalog/`" in caplog.text
    edited(policies, "catalog: ../other\n", "catalog: [../other, ./catalog/]\n")
    assert "nothing reads" not in run(capsys, "check", policies)[1]


def test_a_layer_that_is_not_there_is_a_mistake(capsys, policies):
    edited(policies, "version: 1\n", "version: 1\ncatalog: [catalog, ../nowhere]\n")

    code, out, _ = run(capsys, "check", policies)

    assert code == 1 and "there is no catalogue: no YAML file stands in `../nowhere`" in out
