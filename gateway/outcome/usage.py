"""Reads the usage block of a reply, whichever vendor wrote it, into one meaning. The names are rows of `usage_rows`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, Literal

from msgspec.structs import replace

from gateway.catalog.paths import values_at
from gateway.catalog.prices import Usage
from gateway.outcome.usage_rows import CACHE_WRITE_PARTS, DETAILS, NAMES, PIECES, PLACES, Meaning

MOST = 1_000_000_000  # tokens of one reply; whoever reports more is not believed
_PLAIN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_BESIDE = frozenset({"input_tokens", "inputTokens", "inputTokenCount"})  # wires on which cached tokens are no input
_INSIDE = "input_tokens_details"  # OpenAI's Responses count them as input under the same name

_PATHS: Mapping[Meaning, tuple[tuple[str, str], ...]] = {  # a field of the block, and of the object there, or ""
    meaning: tuple((row.path.partition(".")[0], row.path.partition(".")[2]) for row in NAMES if row.meaning == meaning)
    for meaning in ("input", "output", "cached", "cache_write", "reasoning", "total")
}
_READ = frozenset({"input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"})  # of Messages
_TOP = {meaning: tuple(path[0] for path in _PATHS[meaning]) for meaning in ("input", "output")}
_PIECES = {"images": "images", "seconds": "audio_ms", "searches": "searches"}
_APART = (("image_tokens", "image"), ("audio_tokens", "audio"))
_IN_PARTS = frozenset(path.partition(".")[0] for path in CACHE_WRITE_PARTS)
_COUNTED_IN_PIECES = frozenset(row.path for row in PIECES)
_LLAMA = frozenset({"prompt_n", "predicted_n"})
Half = Literal["input", "output"]


def read_usage(block: Mapping[str, Any]) -> Usage | None:
    """None if the block counts nothing we know, or what cannot be. Explicit zeros are believed.

    Input includes cached and cache-write tokens, output includes reasoning tokens; wires that count otherwise are
    normalised here: cached tokens beside the input, reasoning beside the output or in the total alone.
    """
    plain = _plain(block) if block.keys() <= _PLAIN else None
    if plain is not None:
        return plain
    prompt_name, made_name = _named(block, "input"), _named(block, "output")
    counted = [block[name] for name in (prompt_name, made_name) if name is not None]
    pieces = _pieces(block)
    if not all(map(_believable, counted)) or (not pieces and all(count is None for count in counted)):
        return None
    prompt, made = (int(block.get(name) or 0) if name else 0 for name in (prompt_name, made_name))
    cached, written = _count(block, "cached"), _count(block, "cache_write") or _written_in_parts(block)
    if block.keys() >= _LLAMA:
        prompt = _whole(block["prompt_n"]) + cached
    total = _count(block, "total")
    if total and not (prompt or made or pieces):
        return None  # of which kind they are is not said
    if prompt_name is None and total > made:
        prompt = total - made
    if _counted_beside(block, prompt_name, prompt=prompt, made=made, total=total, cache=cached + written):
        prompt += cached + written
    reasoning = _count(block, "reasoning")
    made, reasoning = _with_thinking(made, reasoning, above=max(0, total - prompt - made))
    usage = Usage(
        input_tokens=prompt,
        cached_tokens=min(cached, prompt),
        cache_write_tokens=min(written, prompt - min(cached, prompt)),
        output_tokens=made,
        reasoning_tokens=reasoning,
    )
    pieces |= _apart(block)
    return replace(usage, **pieces) if pieces else usage


def _pieces(block: Mapping[str, Any]) -> dict[str, int]:
    """What is counted beside tokens."""
    if _COUNTED_IN_PIECES.isdisjoint(block):
        return {}
    found = {name: _whole(block.get(row.path)) for row in PIECES if (name := _PIECES[row.meaning]) != "audio_ms"}
    seconds = block.get("seconds")
    if isinstance(seconds, str) and len(seconds) < 20 and seconds.replace(".", "", 1).isdecimal():
        seconds = float(seconds)
    if isinstance(seconds, (int, float)) and 0 < seconds <= MOST / 1000:
        found["audio_ms"] = ceil(seconds * 1000)
    return {name: count for name, count in found.items() if count}


def _plain(block: Mapping[str, Any]) -> Usage | None:
    """Of a block that is as most are; None if it is not."""
    prompt, made = block.get("prompt_tokens"), block.get("completion_tokens")
    if type(prompt) is not int or type(made) is not int or block.get("total_tokens") != prompt + made:
        return None
    return Usage(input_tokens=prompt, output_tokens=made) if 0 <= prompt <= MOST and 0 <= made <= MOST else None


def usages_in(document: Mapping[str, Any]) -> Iterator[Usage]:
    """Those at the places that are not the reply's own `usage`."""
    for row in PLACES:
        for block in values_at(document, row.path.split(".")):
            usage = read_usage(block) if isinstance(block, dict) else None
            if usage is not None:
                yield usage


def later(old: Usage | None, new: Usage | None) -> Usage | None:
    """Of two reports of one reply: the later one, unless it takes back everything."""
    if old is None or (new is not None and (new.input_tokens or new.output_tokens)):
        return new if new is not None else old
    return old


def missing_half(block: Mapping[str, Any], usage: Usage | None) -> Half | None:
    """The half that this block, which was read as `usage`, does not speak of; a zero speaks, a null does not."""
    if usage is None or usage.beyond_tokens:
        return None
    read, written = (any(block.get(name) is not None for name in _TOP[half]) for half in _TOP)
    if written and not read and not usage.input_tokens:
        return "input"
    return "output" if read and not written and not usage.output_tokens else None


def in_parts(told: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Usage of which a stream tells again, or the rest: the later count is it, but zeros take no prompt back."""
    said = {name: count for name, count in more.items() if count is not None}
    if not any(said.get(name) for name in _READ):
        said = {name: count for name, count in said.items() if name not in _READ or not told.get(name)}
    return {**told, **said}


def _named(block: Mapping[str, Any], meaning: Meaning) -> str | None:
    """The first name that holds a count, else the first that is there."""
    first = None
    for name in _TOP[meaning]:
        if name in block:
            if block[name] is not None:
                return name
            first = first or name
    return first


def _counted_beside(
    block: Mapping[str, Any], prompt_name: str | None, *, prompt: int, made: int, total: int, cache: int
) -> bool:
    """Whether cached and written tokens are no part of the input yet."""
    if not cache:
        return False
    if prompt_name in _BESIDE:
        return _INSIDE not in block
    return total == prompt + made + cache if total else cache > prompt


def _with_thinking(made: int, reasoning: int, *, above: int) -> tuple[int, int]:
    """Output and thinking; `above`: what the total has beyond the parts is thinking that no part counts."""
    if above:
        return made + above, max(reasoning, above)
    return max(made, reasoning), reasoning


def _count(block: Mapping[str, Any], meaning: Meaning) -> int:
    """The first that is above zero."""
    for name, inner in _PATHS[meaning]:
        if name in block:
            value = block[name]
            if inner:
                value = value.get(inner) if isinstance(value, dict) else None
            if count := _whole(value):
                return count
    return 0


def _written_in_parts(block: Mapping[str, Any]) -> int:
    if _IN_PARTS.isdisjoint(block):
        return 0
    parts = (found for path in CACHE_WRITE_PARTS for found in values_at(block, path.split(".")))
    return next((sum(map(_whole, found.values())) for found in parts if isinstance(found, dict)), 0)


def _apart(block: Mapping[str, Any]) -> dict[str, int]:
    """Tokens of pictures and of sound: parts of the input and the output."""
    found: dict[str, int] = {}
    for details, side in DETAILS:
        if not isinstance(parts := block.get(details), dict):
            continue
        for name, kind in _APART:
            if name in parts and (count := _whole(parts[name])):
                found[f"{kind}_{side}"] = count
    sound = found.get("audio_input", 0) + found.get("audio_output", 0)
    return found | {"audio_tokens": sound} if sound else found


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 < value <= MOST else 0


def _believable(count: Any) -> bool:
    return count is None or (isinstance(count, (int, float)) and not isinstance(count, bool) and 0 <= count <= MOST)
