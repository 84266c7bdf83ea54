"""Makes what the bench needs, once, under bench/build: the C parts, the peers' own environments, a certificate."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / "build"
LOCKS = HERE.parent / "requirements"
LITELLM = BUILD / "litellm"
COMPILED = BUILD / "compiled"
PORTKEY = BUILD / "portkey"
PAPERS = BUILD / "papers"


class Missing(Exception):
    """A tool that is not on this machine; the text says how to get it."""


def parts() -> None:
    """The upstream and the load client. Raises Missing."""
    compiler = _tool("gcc")
    for name in ("upstream", "load"):
        source = HERE / "parts" / f"{name}.c"
        command = [compiler, "-O2", "-Wall", "-Wextra", "-o", BUILD / name, source]
        _once(name, [source], lambda command=command: _run(command))


def nginx() -> str:
    """Where nginx is. Raises Missing."""
    return _tool("nginx")


def litellm() -> Path:
    """LiteLLM's proxy in an environment of its own: it caps packages that the gateway needs newer."""
    return _environment(LITELLM, LOCKS / "bench.txt") / "litellm"


def ferro() -> Path:
    """Ferro Labs' gateway."""
    return _environment(COMPILED, LOCKS / "bench-compiled.txt") / "ferrogw"


def vllm_router() -> Path:
    """vLLM's router."""
    return _environment(COMPILED, LOCKS / "bench-compiled.txt") / "vllm-router"


def _environment(folder: Path, lock: Path) -> Path:
    """Where the commands of a locked environment are. Raises Missing."""

    def install() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", folder])
        options = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps"]
        _run([folder / "bin" / "pip", "install", *options, "-r", lock])

    _once(folder.name, [lock], install)
    return folder / "bin"


def portkey() -> Path:
    """The start script of Portkey's gateway. Raises Missing."""
    _tool("node")
    lock = HERE / "portkey" / "package-lock.json"

    def install() -> None:
        shutil.rmtree(PORTKEY, ignore_errors=True)
        shutil.copytree(HERE / "portkey", PORTKEY)
        _run([_tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=PORTKEY)

    _once("portkey", [lock], install)
    return PORTKEY / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"


def papers() -> Path:
    """A folder with an authority (ca.pem) and its certificate for localhost (leaf.pem, leaf.key). Raises Missing."""

    def issue() -> None:
        shutil.rmtree(PAPERS, ignore_errors=True)
        PAPERS.mkdir()
        new = [_tool("openssl"), "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _run([*new, "-x509", "-subj", "/CN=Bench Authority", "-days", "3650", "-keyout", "ca.key", "-out", "ca.pem"],
             cwd=PAPERS)  # fmt: skip
        _run([*new, "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr"], cwd=PAPERS)
        (PAPERS / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _run([_tool("openssl"), "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "3650",
              "-CAcreateserial", "-extfile", "names", "-out", "leaf.pem"], cwd=PAPERS)  # fmt: skip

    _once("papers", [], issue)
    return PAPERS


def _once(name: str, sources: Sequence[Path], make: Callable[[], None]) -> None:
    """Makes a thing again only if what it is made of has changed."""
    BUILD.mkdir(exist_ok=True)
    stamp = BUILD / f"{name}.stamp"
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"making {name} (bench/build)", file=sys.stderr)
        make()
        stamp.write_text(wanted)


def _tool(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:" + (os.environ.get("PATH", "")))
    if found is None:
        raise Missing(f"{name} is not installed; as root: tools/system bench")
    return found


def _run(command: Sequence[str | Path], *, cwd: Path | None = None) -> None:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{Path(command[0]).name} failed:\n{(done.stderr or done.stdout)[-2000:]}")
