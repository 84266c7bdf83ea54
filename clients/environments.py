"""Each client's own environment, made of its lock: `.venv-clients/NAME`, or `node_modules` beside its script."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
VENVS: Final = HERE.parent / ".venv-clients"
URL, KEY = "http://127.0.0.1:8080", "YOUR-KEY"  # as scripts and the page have them
PATIENCE_S: Final = 900


def script(name: str) -> Path:
    """The client's one script."""
    return next(path for suffix in ("py", "mjs", "sh") if (path := HERE / name / f"client.{suffix}").exists())


def command(name: str) -> list[str]:
    """What runs its script; its environment is made if its lock has changed. Raises CalledProcessError."""
    if (lock := HERE / name / "package-lock.json").exists():
        _stamped(lock, HERE / name / "node_modules", _npm)
    if (lock := HERE / name / "requirements.txt").exists():
        _stamped(lock, VENVS / name, _venv)
    kind = script(name).suffix
    own = VENVS / name / "bin" / "python"
    return {".py": [str(own if own.exists() else sys.executable)], ".mjs": ["node"], ".sh": ["bash", "-eu"]}[kind]


def run(name: str, *, url: str, key: str, models: tuple[str, ...], timeout_s: float) -> tuple[int, str, str]:
    """Exit code, output and errors of the script as it stands, but for the gateway's address and key."""
    words = command(name)
    source = script(name)
    copied = source.with_name(f".running-{os.getpid()}{source.suffix}")
    copied.write_text(source.read_text(encoding="utf-8").replace(URL, url).replace(KEY, key), encoding="utf-8")
    kept = ("PATH", "LANG", "SSL_CERT_FILE", "TMPDIR")
    world = {variable: os.environ[variable] for variable in kept if variable in os.environ}
    home = VENVS / "homes" / f"{name}-{os.getpid()}"
    home.mkdir(parents=True)
    world |= {
        "VIRTUAL_ENV": str(VENVS / name),
        "HOME": str(home),
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CLIENT": str(source.parent),
    }
    try:
        ended = subprocess.run(
            [*words, str(copied), *models], cwd=home, env=world, capture_output=True, text=True, timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as late:
        said = [part.decode() if isinstance(part, bytes) else part or "" for part in (late.stdout, late.stderr)]
        return -1, said[0], f"{said[1]}\nnot done after {timeout_s:g} s"
    finally:
        copied.unlink()
        shutil.rmtree(home, ignore_errors=True)


def _stamped(lock: Path, made: Path, make) -> None:  # type: ignore[no-untyped-def]
    stamp, want = made / "stamp-of-lock", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != want:
        make(lock, made)
        stamp.write_text(want)


def _npm(lock: Path, made: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("the clients need npm: make system")
    _done([npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"], lock.parent)


def _venv(lock: Path, made: Path) -> None:
    _done([sys.executable, "-m", "venv", "--clear", str(made)], lock.parent)
    pip = [str(made / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    _done([*pip, "install", "--require-hashes", "--no-deps", "-r", str(lock)], lock.parent)


def _done(words: list[str], folder: Path) -> None:
    subprocess.run(words, cwd=folder, check=True, timeout=PATIENCE_S)
