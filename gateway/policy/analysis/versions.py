"""What one version of a policy changed against another: its reach in the words of `diff`, and its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import unified_diff
from typing import TypedDict

from gateway.errors import Problems
from gateway.policy.analysis.diff import compare, difference_text
from gateway.policy.authoring.compile import compile_folder

MOST_CHARS = 200_000  # of the text
_DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")
Files = Mapping[str, bytes]


class Changes(TypedDict):
    """`reach`: a line each; `text`: a unified diff of all files, digests of keys cut short."""

    files: list[str]
    reach: str
    text: str


def changes(old: Files, new: Files) -> Changes:
    """From old to new; of a version that does not compile, why not."""
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    text = "".join(_text_of(name, old.get(name, b""), new.get(name, b"")) for name in names)
    cut = "\n…\n" if len(text) > MOST_CHARS else ""
    return {"files": names, "reach": _reach(old, new), "text": text[:MOST_CHARS] + cut}


def _reach(old: Files, new: Files) -> str:
    try:
        return difference_text(compare(compile_folder(dict(old)), compile_folder(dict(new))))
    except Problems as wrong:
        first = wrong.problems[0]
        where = f" ({first.place.file}:{first.place.line})" if first.place else ""
        return f"cannot be compared: {first.message}{where}"


def _text_of(name: str, old: bytes, new: bytes) -> str:
    before, after = (_DIGEST.sub(r"\1…", side.decode("utf-8", "replace")).splitlines() for side in (old, new))
    return "".join(f"{line}\n" for line in unified_diff(before, after, name, name, lineterm=""))
