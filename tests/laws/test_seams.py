"""Where passages meet is read as it was written down at first, however much of it is spared."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signals.pii import pieces
from gateway.signals.pii.groups import holds_digits
from gateway.signals.secrets import parts

LONG = parts._SEAM * 2 + 1
SHORT = ["", " ", "a", "4111 1111", "x@", ":", " sk-proj-Ab3d ", "go on", "k" * 41, "7" * 41, "8" * 39, "12ab" * 11]
ENDS = ["l" * LONG, f"{'m' * LONG} ", f" {'n' * (LONG - 2)} ", "o" * (LONG - 1)]
PIECES = st.sampled_from([*SHORT, *ENDS])
SAID = st.lists(PIECES | st.text("a1 @:", max_size=50), max_size=7)


def cut_secrets(said: list[str]) -> set[str]:
    """All of them, made one by one."""
    found: set[str] = set()
    for texts in ([t for t in said if t], [t.strip() for t in said if t.strip()]):
        run: list[str] = []
        for text in texts:
            if len(text) < LONG:
                run.append(text)
                continue
            if run:
                found.add("".join((*run, text[: parts._SEAM])))
            run = [text[-parts._SEAM :]]
        if len(run) > 1:
            found.add("".join(run))
    return found


@settings(max_examples=300)
@given(SAID)
def test_no_seam_in_which_a_credential_may_be_cut_is_left_out(said):
    assert {seam.text for seam in parts.seams(said)} == cut_secrets(said)


def cut_numbers(said: list[str]) -> list[str]:
    """Those that hold anything to look for, made one by one."""
    most, texts, found = pieces._SEAM_CHARS, [text for text in said if text], []
    for first in range(len(texts) - 1):
        last = texts[first]
        run, left = [last if len(last) <= most else re.sub(r"\A[0-9A-Za-z]+", "", last[-most:])], most
        for text in texts[first + 1 :]:
            run.append(text if len(text) <= most else re.sub(r"[0-9A-Za-z]+\Z", "", text[:most]))
            left -= len(text) + 1
            if left < 0:
                break
        together = "".join(run)
        if "@" in together or ":" in together or holds_digits(together):
            found += [together, " ".join(run)]
    return found


@settings(max_examples=300)
@given(SAID)
def test_no_seam_in_which_a_number_may_be_cut_is_left_out(said):
    assert [seam for seam in pieces.seams(said) if not seam.startswith("card ")] == cut_numbers(said)
