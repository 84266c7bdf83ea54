"""Nothing that stands in a policy folder, or happens to it, ends a running gateway or keeps the next change from it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.test_reload import POLICY, laid_out, until
from tests.running import Running
from tests.warm import command

pytestmark = pytest.mark.services
Damage = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return laid_out(tmp_path)


def added(text: str, name: str = "catalog/more.yaml") -> Damage:
    return lambda folder: (folder / name).write_text(text)


def endpoint(address: str) -> str:
    return (
        f'endpoints: [{{id: glm@zai/x, hosting: hosted, api: openai, base_url: "{address}", key_env: Z_API_KEY,'
        " storage: [CN], inference: [CN], trains_on_data: true}]\n"
    )


def price(since: str) -> str:
    return f"prices: [{{endpoint: glm@zai, rows: [{{since: {since}, input: 1, output: 1}}]}}]\n"


def loop(folder: Path) -> None:
    (folder / "catalog" / "more.yaml").symlink_to("more.yaml")


DAMAGES: dict[str, Damage] = {
    "a month 13": added(price("2026-13-01")),
    "a day 0 of the year 0": added(price("0000-00-00")),
    "an address with an open bracket": added(endpoint("http://[127.0.0.1")),
    "a port beyond all": added(endpoint("https://x.example:99999")),
    "a host of no letters": added(endpoint("https://\N{DOT ABOVE}..example")),
    "holidays of nowhere": added(
        "windows: [{id: w, hours_utc: ['00:00-08:00'], except_holidays: ZZ}]\n"
        "prices: [{endpoint: glm@zai, rows: [{since: 2026-01-01, input: 1, output: 1,"
        " windows: [{window: w, input: 2}]}]}]\n"
    ),
    "a NUL in a key": added('{"\\u0000at": [1], "labs": []}\n'),
    "deep brackets": added("[" * 5000),
    "a number of 10,000 digits": added("x: " + "9" * 10_000),
    "callers with a date that is none": added(
        "teams: {}\nkeys: [{id: k, team: t, expires: 2026-02-30}]\n", "callers.yaml"
    ),
    "a case that is no case": added("- {note: 1, given: [], expect: {only: 7}}\n", "cases/x.yaml"),
    "a folder called x.yaml": lambda folder: (folder / "catalog" / "more.yaml").mkdir(),
    "a pipe": lambda folder: os.mkfifo(folder / "catalog" / "more.yaml"),
    "a loop of links": loop,
    "a link to nowhere": lambda folder: (folder / "catalog" / "more.yaml").symlink_to("nowhere"),
    "a name in no encoding": lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/catalog/\xff.yaml")).touch(),
}  # fmt: skip


def restored(folder: Path, kept: Path) -> None:
    """As it was; a file is left where it is if it is right, as an author would leave it."""
    shutil.rmtree(folder / "catalog")
    shutil.rmtree(folder / "cases")
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def served_next(running: Running, folder: Path, number: object) -> None:
    """A change is taken over after all that has happened."""
    before = running.serving()["policy"]
    (folder / "policy.yaml").write_text(f"{POLICY}# {number}\n")
    until(running, lambda said: said["policy"] != before and said["reload"] == "ok")


@pytest.mark.parametrize("workers", [1, 2])  # two hear of all, one of every fourth
def test_no_damage_to_the_folder_ends_or_deafens_the_gateway(folder, gateway, workers, tmp_path):
    kept = shutil.copytree(folder, tmp_path / "kept")
    running = gateway(folder, workers=workers)
    before = running.serving()["policy"]

    for name, damage in list(DAMAGES.items())[:: 1 if workers == 2 else 4]:
        damage(folder)
        said = until(running, lambda said: said["reload"] != "ok")
        assert said["policy"] == before, name
        assert ".yaml:" in said["reload"], name
        assert running.ready() == {"ready": True, "draining": False, "degraded": ["reload"]}, name
        restored(folder, kept)
        until(running, lambda said: said["reload"] == "ok")

    served_next(running, folder, "last")
    assert running.process.poll() is None
    assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_that_is_taken_away_and_swapped_about_is_taken_over_when_it_is_back(
    folder, gateway, workers, tmp_path
):
    running = gateway(folder, workers=workers)
    aside, other = tmp_path / "aside", shutil.copytree(folder, tmp_path / "other")

    folder.rename(aside)
    assert "no policy folder" in until(running, lambda said: said["reload"] != "ok")["reload"]
    aside.rename(folder)
    until(running, lambda said: said["reload"] == "ok")

    for _ in range(300):
        folder.rename(aside)
        other.rename(folder)
        aside.rename(other)
    served_next(running, folder, "swapped")
    assert "Traceback" not in running.log.read_text()


def test_a_change_of_the_same_size_and_time_is_seen(folder, gateway):
    running = gateway(folder)
    served_next(running, folder, "a")
    time.sleep(3)
    file = folder / "policy.yaml"
    before, times = running.serving()["policy"], file.stat()

    file.write_text(file.read_text().replace("# a", "# b"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    until(running, lambda said: said["policy"] != before)


def test_a_deployment_that_swaps_a_link_is_taken_over(folder, gateway):
    for version in ("..1", "..2"):
        (folder / version).mkdir()
        (folder / version / "policy.yaml").write_text(f"{POLICY}# {version}\n")
    (folder / "..data").symlink_to("..1")
    (folder / "policy.yaml").unlink()
    (folder / "policy.yaml").symlink_to("..data/policy.yaml")
    running = gateway(folder)
    before = running.serving()["policy"]

    (folder / "..data_tmp").symlink_to("..2")
    (folder / "..data_tmp").rename(folder / "..data")
    shutil.rmtree(folder / "..1")

    until(running, lambda said: said["policy"] != before)


def test_sighup_alone_tries_again_what_was_refused_for_a_reason_outside_the_folder(folder, gateway):
    running = gateway(folder)
    before = running.serving()["policy"]
    kept, aside = running.state_dir / "accepted.json", running.state_dir / "aside.json"
    kept.rename(aside)
    (kept / "in the way").mkdir(parents=True)
    (folder / "policy.yaml").write_text(POLICY.replace("guards: [", "guards: [{name: home, only: {hosting: self}}, "))
    until(running, lambda said: "cannot be written" in said["reload"])
    (kept / "in the way").rmdir()
    kept.rmdir()
    aside.rename(kept)
    time.sleep(3)
    assert running.serving()["policy"] == before

    running.process.send_signal(signal.SIGHUP)

    until(running, lambda said: said["policy"] != before and said["reload"] == "ok")


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_does_not_wait_for_the_next_look(folder, gateway, workers, monkeypatch, tmp_path):
    """In a gateway that looks once an hour by itself."""
    slow = "import gateway.data_plane.policy_follower as f, gateway.supervisor.serve as s; f.LOOK_S = s.LOOK_S = 3600.0"
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(f"import os, sys\nif os.environ.get('SLOW'): {slow}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "slow"))
    running = gateway(folder, workers=workers, environment={"SLOW": "1"})
    before = running.serving()["policy"]
    (folder / "policy.yaml").write_text(f"{POLICY}# again\n")
    time.sleep(2)
    assert running.serving()["policy"] == before

    running.process.send_signal(signal.SIGHUP)

    for _ in range(6):  # each connection finds some worker
        until(running, lambda said: said["policy"] != before)


@pytest.mark.parametrize("name", ["a month 13", "an address with an open bracket", "a pipe", "a name in no encoding"])
def test_a_start_with_a_damaged_folder_is_one_error_and_exit_code_2(folder, name, tmp_path):
    DAMAGES[name](folder)
    started = _started(folder, tmp_path / "state")
    assert started.returncode == 2, started.stderr
    assert ".yaml" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_second_gateway_on_one_state_folder_is_refused(folder, gateway):
    running = gateway(folder)

    started = _started(folder, running.state_dir)

    assert started.returncode == 2
    assert f"another gateway (process {running.process.pid})" in started.stderr
    assert "GATEWAY_STATE_DIR" in started.stderr
    assert "Traceback" not in started.stderr
    running.stop()
    gateway(folder, environment={"GATEWAY_STATE_DIR": str(running.state_dir)})


def test_a_token_that_can_be_guessed_is_refused_at_the_start(folder, tmp_path, monkeypatch):
    for variable in ("GATEWAY_ADMIN_TOKEN", "GATEWAY_METRICS_TOKEN"):
        with monkeypatch.context() as only:
            only.setenv(variable, "zq")
            started = _started(folder, tmp_path / "state")
        assert started.returncode == 2
        assert variable in started.stderr and "zq" not in started.stderr


def _started(folder: Path, state: Path) -> subprocess.CompletedProcess[str]:
    return command("serve", "--policies", folder, "--port", "0", timeout=120, GATEWAY_STATE_DIR=str(state))
