"""The law of keys: whatever a vendor does with one before it repeats it, nobody reads it in what is handed on."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.failures import Failure
from gateway.upstreams.redaction import ALL_GONE, GONE, WINDOW, Redactor

KEY_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
WORDS = st.text(st.characters(codec="utf-8", max_codepoint=0x2FFF), max_size=60)
KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=20, max_size=60).map(
    lambda body: f"sk-{body}"
)


def every_percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def every_escape(text: str) -> str:
    return "".join(f"\\u{ord(char):04X}" for char in text)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENCODINGS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "plain": (str, str),
    "upper": (str.upper, str),
    "percent": (quote, unquote),
    "every percent": (every_percent, unquote),
    "percent twice": (lambda text: quote(every_percent(text)), lambda text: unquote(unquote(text))),
    "escaped": (every_escape, lambda text: re.sub(r"\\u(....)", lambda found: chr(int(found[1], 16)), text)),
    "JSON": (lambda text: json.dumps(json.dumps(text)), str),
    "entities": (lambda text: "".join(f"&#{ord(char)};" for char in text), html.unescape),
    "base64": (base64_of, str),
    "base64 of a header": (lambda text: base64_of(f"Bearer {text}"), str),
    "base64 inside": (lambda text: base64_of(f"x{text}y"), str),
    "url-safe base64": (lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="), str),
    "percent of base64": (lambda text: quote(base64_of(text)), unquote),
    "hexadecimal": (lambda text: text.encode().hex(), str),
    "spaced": (" ".join, lambda text: text.replace(" ", "")),
    "zero-width": ("\u200b".join, lambda text: text.replace("\u200b", "")),
    "quoted": (lambda text: f'"{text}"', str),
    "reversed": (lambda text: text[::-1], lambda text: text[::-1]),
}


@dataclass(frozen=True, slots=True)
class Repeated:
    """A text of a vendor that repeats a key, or a part of it."""

    key: str
    shown: str  # the part, as it was encoded
    text: str
    back: Callable[[str], str]


@st.composite
def repeated(draw: st.DrawFn) -> Repeated:
    key = draw(KEYS)
    start = draw(st.integers(0, len(key) - WINDOW - 4))
    part = key[start : draw(st.integers(start + WINDOW + 4, len(key)))] if draw(st.booleans()) else key
    into, back = ENCODINGS[draw(st.sampled_from(sorted(ENCODINGS)))]
    shown = into(part)
    joints = st.sampled_from([" ", ": ", '"', "=", "\n", "Bearer ", "(", ""])
    return Repeated(
        key, shown, draw(WORDS) + draw(joints) + shown + draw(st.sampled_from([" ", '"', ",", "\n"])) + "is wrong", back
    )


@given(repeated())
def test_no_text_repeats_a_key(seen: Repeated) -> None:
    clean = Redactor([seen.key]).clean(seen.text)

    assert GONE in clean or clean == ALL_GONE
    assert seen.shown not in clean
    for view in (clean, seen.back(clean)):
        letters = re.sub(r"[\W_]+", "", view).casefold()
        key = re.sub(r"[\W_]+", "", seen.key).casefold()
        assert not any(key[at : at + WINDOW] in letters for at in range(len(key) - WINDOW + 1))


@given(KEYS, st.integers(3, 9), st.integers(3, 6), st.sampled_from(["***", "...", "…", "xxxx", "•••••"]))
def test_no_masked_form_shows_an_end_of_a_key(key: str, first: int, last: int, mask: str) -> None:
    shown = f"Incorrect API key provided: {key[:first]}{mask}{key[-last:]}."
    clean = Redactor([key]).clean(shown)

    assert key[-last:] not in clean.replace(GONE, "")
    assert key[:first] not in clean


@given(KEYS, WORDS)
def test_a_text_without_a_key_stays_as_it_is(key: str, text: str) -> None:
    letters = {char.casefold() for char in key}
    told = "".join(char for char in text if char.casefold() not in letters and not char.isalnum())

    assert Redactor([key]).clean(told) == told


@given(KEYS)
def test_a_failure_holds_no_key_in_any_field(key: str) -> None:
    failure = Failure("bad_request", f"no: {key}", status=400, passes_through=True, param=key[:12])
    clean = Redactor([key]).cleaned(failure)

    assert key[:12] not in repr(clean)
    assert (clean.kind, clean.status, clean.passes_through) == ("bad_request", 400, True)


def test_without_keys_nothing_changes() -> None:
    assert Redactor([]).clean("sk-anything") == "sk-anything"
    assert Redactor(["", "abc"]).clean("abc") == "abc"
