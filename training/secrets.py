"""Says which files of a folder the secrets signal flags, and how many: `python -m training.secrets measure DIR`.

Nothing is fitted. Run on source that holds no secrets (the site-packages of an environment) it measures how often code
is flagged without cause. `--show` prints, for each flagged file, the line of its first finding.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from gateway.signals.secrets import find, kinds
from gateway.signals.secrets.plain import plain

MOST_BYTES = 1_000_000  # of one file: longer ones are not read whole by the signal either
_SHOWN = 40  # characters around a finding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["measure"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true", help="what was found; never on files that hold real secrets")
    options = parser.parse_args()
    measure(options.folder, show=options.show)


def measure(folder: Path, *, show: bool) -> None:
    """Prints each flagged file with its kinds, and the counts."""
    files, size, flagged = 0, 0, 0
    by_kind: Counter[str] = Counter()
    for path in sorted(folder.rglob("*")):
        text = read(path)
        if text is None:
            continue
        files, size = files + 1, size + len(text)
        if found := kinds(text):
            flagged += 1
            by_kind.update(found)
            print(path.relative_to(folder), *sorted(found))
            if show:
                for kind in sorted(found):
                    print("   ", kind, first(text, kind))
    print(f"{flagged} of {files} files flagged ({flagged / max(1, files):.2%}), {size:,} characters", dict(by_kind))


def read(path: Path) -> str | None:
    """Its text; None for what is no text, empty or too long."""
    if not path.is_file() or path.is_symlink() or not 0 < path.stat().st_size <= MOST_BYTES:
        return None
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def first(text: str, kind: str) -> str:
    """The surroundings of the first finding of that kind."""
    seen = plain(text)
    found = next((each for each in find(seen) if each.kind == kind), None)
    return "" if found is None else repr(seen[max(0, found.start - _SHOWN) : found.end + _SHOWN])[:300]


if __name__ == "__main__":
    main()
