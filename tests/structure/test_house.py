"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "gateway").rglob("*.py"))
OWNERS = {  # library: the files and folders that may import it
    "yaml": ("source/",),
    "httptools": ("upstreams/http1/", "data_plane/protocol.py"),
    "jwt": ("identity/signatures.py",),
    "cryptography": ("identity/signatures.py", "cache/shared.py"),
    "redis": ("limits/",),
    "sqlalchemy": ("record/",),
    "fastapi": ("control/",),
    "starlette": ("control/",),
    "jinja2": ("control/", "report/"),
    "prometheus_client": ("record/", "control/"),
    "opentelemetry": ("record/tracing.py",),
    "requests": ("record/tracing.py",),
    "uvicorn": ("data_plane/", "control/", "demo/"),
    "uvloop": ("data_plane/", "demo/"),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "xllamacpp": ("demo/",),
    "litellm": ("adapter/",),
    "aiohttp": ("adapter/",),
    "httpx": ("adapter/",),
    "botocore": ("adapter/",),
    "stdnum": ("signals/pii/",),
    "phonenumbers": ("signals/pii/",),
    "pyarrow": ("report/parquet.py",),
    "py3langid": ("signals/language.py",),
}
MOST_LINES = 300
MOST_FUNCTION_LINES = 40  # signature and docstring included


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Of a file, its module first."""
    return list(ast.walk(ast.parse(path.read_text())))


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, lazily or not."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def named(path: Path) -> str:
    return path.relative_to(ROOT / "gateway").as_posix()


def test_every_library_has_one_owner():
    strangers = [
        f"{named(path)} imports {library}"
        for path in SOURCES
        for library in imported(path) & OWNERS.keys()
        if not named(path).startswith(OWNERS[library])
    ]

    assert strangers == []


def test_no_source_file_outgrows_its_subject():
    long = {named(path): lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > MOST_LINES}

    assert long == {}


def test_no_function_outgrows_a_screen():
    long = {
        f"{named(path)}:{node.name}": lines
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    }

    assert long == {}


def test_every_module_says_what_it_knows_or_does():
    silent = [
        named(path)
        for path in SOURCES
        if path.read_text().strip() and not ast.get_docstring(next(x for x in nodes(path) if isinstance(x, ast.Module)))
    ]

    assert silent == []


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_no_lock_names_a_registry():
    hosts = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|files\.python")
    locks = tracked("requirements/*", "clients/*/requirements.*", "*package-lock.json", "pyproject.toml", "Makefile")

    assert [path.name for path in locks if hosts.search(path.read_text())] == []


def test_every_locked_requirement_carries_a_hash():
    for lock in tracked("requirements/*.txt", "clients/*/requirements.txt"):
        text = lock.read_text()
        pinned = re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\\n +--hash=", text, re.M | re.I)
        named_once = re.findall(r"^[a-z0-9][^\n]*==", text, re.M | re.I)

        assert len(pinned) == len(named_once) > 0, lock.name


def test_the_core_whose_coverage_is_held_is_the_core_that_does_no_io():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    pure = next(one for one in project["importlinter"]["contracts"] if one["name"].startswith("the core"))
    held = {
        re.sub(r"(/\*|\.py)$", "", pattern).replace("/", ".") for pattern in project["coverage"]["report"]["include"]
    }

    assert held == set(pure["source_modules"])


def test_a_worker_imports_nothing_of_the_control_process():
    told = "import sys, gateway.cli.serve, gateway.supervisor.serve; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()

    assert {"fastapi", "starlette", "jinja2", "prometheus_client", "gateway.control"}.isdisjoint(loaded)
    assert {"jwt", "cryptography"}.isdisjoint(loaded)  # only where a key set is there


def test_no_module_imports_itself_by_way_of_others():
    """Not for type checkers only, either: what needs each other to be described is one thing."""
    graph = grimp.build_graph("gateway", exclude_type_checking_imports=False)
    left = {module: graph.find_modules_directly_imported_by(module) & graph.modules for module in graph.modules}
    while ready := {module for module, needs in left.items() if not needs & left.keys() - {module}}:
        left = {module: needs for module, needs in left.items() if module not in ready}

    assert not left, sorted(left)
