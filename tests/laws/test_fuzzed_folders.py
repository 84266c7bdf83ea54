"""A folder in which everything occurs, damaged in structure or bytes: Problems in words, or a policy that serves.

A few hundred folders a run; `FUZZED_FOLDERS=20000 pytest tests/laws/test_fuzzed_folders.py` tries as many more.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.errors import Problems
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.explain import explanation
from gateway.policy.in_force import InForce
from gateway.policy.view import View
from gateway.processes.policy_folder import read_folder
from gateway.signals.value import Value
from gateway.source import frame, parse
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client
from tests.laws.test_folders import spots

FILES = read_folder(Path(__file__).parent / "rich")
TRIES = int(os.environ.get("FUZZED_FOLDERS", "300"))
AT = 1_790_000_000.0
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3.5, 1e-300, 1e300, float("nan"), float("inf"), 10**30, 10**39, -(10**39)),
    *(
        "",
        "x",
        "*",
        "auto",
        "eu",
        "unknown",
        "requested",
        "é" * 70,
        "a" * 5000,
        "\x85",
        "\u2028",
        "nul\0",
        "\U0001f600",
    ),
    *([], {}, ["x"], [[]], [None], {"x": 1}, {"not": "x"}, {"not": None}, {"has": []}, {"any": {}}, {"any": []}),
    *({"at_least": {}}, {"below": "x"}, {"below": 1e300}, {"below": 10**39}, {"not": {"not": "x"}}),
    *("2026-13-01", "0000-00-00", "2026-02-30", "9999-12-31", "0001-01-01", "2026-01-01T25:00:00Z", "20260101"),
    *("2026-01-01T00:00:00+99:99", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "2026-W01-1"),
    *("http://[127.0.0.1", "http://[::1]:99999", "http://x:port/", "http://x:99999", "https://", "https:///x"),
    *("https://ex ample", "https://xn--a", "https://" + "a" * 300 + ".com", "https://a..b", "ftp://x", "//x", "a:b@c"),
    *(
        "http://u:p@x",
        "http://x\u2100y",
        "http://１２７",
        "%",
        "1.2.3.4/99",
        "10.0.0.0/8",
        "::/0",
        "[a",
        "(",
        "\\",
        "**",
    ),
    *("1h", "0h", "99999999999999999d", "25:00", "24:00", "08:00-07:00", "Europe/Nowhere", "../../etc/passwd", "UTC"),
    *("0" * 64, "g" * 64, "__class__", ".."),
)
KEYS = (
    *("when", "only", "never", "try", "x", "name", "since", "until", "base_url", "canary", "shadow", "judge", "limits"),
    *("hold", "order", "prices", "windows", "pin", "cidr", "at", "input", "above", "tz", "days", "from", "percent"),
    *("stop_if", "usd", "per", "every", "team", "not", "any", "has", "below", "at_least"),
)
PLAIN = {name: json.loads(json.dumps(parse(data, name).data)) for name, data in FILES.items()}


def damaged(chance: Random) -> dict[str, bytes]:
    """The folder after a few edits of its structure; one in five also of its bytes."""
    folder = copy.deepcopy(PLAIN)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        edit(folder[chance.choice(sorted(folder))], chance)
    files = {name: json.dumps(data).encode("utf-8", "surrogatepass") for name, data in folder.items()}
    if chance.random() < 0.2:
        name = chance.choice(sorted(files))
        data, at = bytearray(FILES[name]), chance.randrange(len(FILES[name]))
        data[at : at + chance.randrange(3)] = chance.choice(
            (b"", b"\0", b"\xff", b"\t", b"{", b"*a", b"&a", b"!!x ", b": ")
        )
        files[name] = bytes(data)
    return files


def edit(data: Any, chance: Random) -> None:
    places = list(spots(data))
    if not places:
        return
    inside, step = chance.choice(places)
    kind = chance.random()
    if kind < 0.55:
        inside[step] = copy.deepcopy(chance.choice(JUNK))
    elif kind < 0.65:
        del inside[step]
    elif kind < 0.75 and isinstance(inside, dict):
        inside[str(chance.choice(JUNK + KEYS))] = inside.pop(step)
    elif kind < 0.85 and isinstance(inside, dict):
        inside[chance.choice(KEYS)] = copy.deepcopy(chance.choice(JUNK))
    elif isinstance(inside, list):
        inside.append(copy.deepcopy(inside[step]))
    else:
        other, name = chance.choice(places)
        inside[step] = copy.deepcopy(other[name])


def serves(compiled: Compiled) -> None:
    """What a worker makes of it, and one decision for every team."""
    Fleet(compiled.catalog, key_of=lambda name: "k", client=Client(), in_force=InForce())
    for team in compiled.keyring.teams.values():
        signals: dict[str, Value] = {
            "team": team.id,
            "data_class": team.data_class,
            "kind": "chat",
            "tokens": 10,
            "model": "auto",
        }
        found = decide(compiled.policy, signals, View(at=AT, draw=0.05, max_tokens=100))
        assert found.endpoints or explanation.denial(found).message


def test_the_folder_itself_serves():
    serves(compile_folder(FILES))


@pytest.mark.parametrize("part", range(10))
def test_a_damaged_folder_is_refused_in_words_or_serves(part):
    for number in range(part, TRIES, 10):
        try:
            serves(compile_folder(damaged(Random(number))))
        except Problems as refused:
            assert all(problem.message and frame(problem) for problem in refused.problems), number
            assert any(problem.place is not None for problem in refused.problems), (number, refused.problems)
        except Exception as wrong:
            raise AssertionError(f"folder {number} ends in {type(wrong).__name__}") from wrong
