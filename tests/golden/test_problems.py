"""Every mistake an author can make and the words they read: one file each, the mistake above the line, then the words.

`python -m tests.golden.test_problems` writes the words anew, to be read in the diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import Problems
from gateway.policy.authoring.compile import compile_folder
from gateway.source import frame
from tests.unit.policy.small import folder

GOLDEN = Path(__file__).parent / "problems"
CALLERS = b"tags: [audited]\nteams: {research: {data_class: public}, sales: {data_class: internal}}\n"
LINE = "\n----------\n"
MADE = {  # mistakes that no text file can hold
    "yaml-not-utf8": b"version: 1\nroutes:\n  - {name: caf\xe9, try: [{any: {}}]}\n",
    "yaml-utf16": "version: 1\n".encode("utf-16"),
    "yaml-control-character": b"version: 1\nroutes: [\x07]\n",
    "yaml-ten-megabytes": b"# " + b"x" * 10_000_000,
    "yaml-too-deep": b"version: 1\nroutes: " + b"[" * 100_000,
    "yaml-billion-laughs": b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n, n, b", ".join([b"*%c" % (n - 1)] * 10)) for n in range(ord("b"), ord("k"))),
    "yaml-long-number": b"version: 1\nroutes: [{name: " + b"9" * 5000 + b", try: [{any: {}}]}]\n",
}


def files_of(name: str) -> dict[str, bytes]:
    """The folder with this mistake in it."""
    text = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n")
    written = rest.partition(LINE)[0].encode() if name not in MADE else MADE[name]
    files = folder(callers=CALLERS)
    if head.startswith("no "):
        del files[head.removeprefix("no ")]
    else:
        files[head] = written
    return files


def words_for(files: dict[str, bytes]) -> str:
    """What the author reads."""
    try:
        problems = compile_folder(files).problems
    except Problems as wrong:
        problems = wrong.problems
    texts = {name: data.decode("utf-8", "replace") for name, data in files.items()}
    return "\n\n".join(frame(p, texts.get(p.place.file) if p.place else None) for p in problems) + "\n"


NAMES = sorted(path.stem for path in GOLDEN.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_in_the_words_that_were_agreed(name: str) -> None:
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").partition(LINE)[2]

    assert words_for(files_of(name)) == expected


def test_sixty_mistakes_are_known() -> None:
    assert len(NAMES) >= 60


def test_every_mistake_names_a_way_out_or_shows_the_place() -> None:
    for name in NAMES:
        words = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").partition(LINE)[2]
        assert " --> " in words or "= help: " in words, name


def rewrite() -> None:
    """Writes what is said today under every mistake."""
    for name in sorted({path.stem for path in GOLDEN.glob("*.txt")} | MADE.keys()):
        path = GOLDEN / f"{name}.txt"
        head = (
            path.read_text(encoding="utf-8").partition(LINE)[0] if path.exists() else "policy.yaml\n(made in the test)"
        )
        path.write_text(head, encoding="utf-8")
        path.write_text(head + LINE + words_for(files_of(name)), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
