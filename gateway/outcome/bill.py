"""What one attempt cost: usage as reported, or estimated from what came, times the price at its end."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from msgspec.structs import replace

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage, cost, price_at, usage_of
from gateway.frozen import frozen
from gateway.interfaces import Units
from gateway.outcome.reading import Reading
from gateway.signals.tokens import count

_PIECES = ("images", "audio_ms", "characters", "searches")
CHARS_PER_TOKEN = 4  # of text beyond what was kept, and of reasoning


@frozen
class Bill:
    """What an attempt used and cost. `cost_usd` is 0 where the price is unknown; `price_since` is None then."""

    usage: Usage
    cost_usd: Decimal
    price_since: str | None


def bill(
    endpoint: Endpoint, reading: Reading, *, prompt_tokens: int, reached: bool, at: float, units: Units | None = None
) -> Bill:
    """`reached`: the model was at work; if not, nothing is billed. `at`: when the attempt ended.

    An error in the place of a reply says that it was not. `units`: what was asked for that is not text.
    """
    idle = reading.complaint is not None and reading.empty and not reading.thinks
    usage = reading.usage
    if (usage is None or reading.missing is not None) and reached and not idle:
        usage = _completed(reading, _estimate(reading, prompt_tokens))
    usage = usage or Usage()
    if units is not None and usage != Usage():
        usage = _with_pieces(endpoint, reading.usage, usage_of(units, input_tokens=prompt_tokens), at)
    priced = cost(endpoint.prices, usage, at=at)
    if priced is None:
        return Bill(usage, Decimal(0), None)
    return Bill(usage, priced[0], _day(priced[1].since))


@lru_cache(maxsize=4096)
def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _completed(reading: Reading, guess: Usage) -> Usage:
    """The usage as reported, with the half that the vendor does not count as it is estimated."""
    usage = reading.usage
    if usage is None:
        return guess
    if reading.missing == "input" and guess.input_tokens:
        return replace(usage, input_tokens=guess.input_tokens, estimated=True)
    if reading.missing == "output" and guess.output_tokens:
        output, reasoning = guess.output_tokens, guess.reasoning_tokens
        return replace(usage, output_tokens=output, reasoning_tokens=reasoning, estimated=True)
    return usage


def _estimate(reading: Reading, prompt_tokens: int) -> Usage:
    texts = [*reading.texts, reading.thought]
    unread = max(0, reading.chars - sum(map(len, texts)))
    reasoning = reading.reasoning_chars // CHARS_PER_TOKEN
    output = sum(map(count, texts)) + unread // CHARS_PER_TOKEN + reasoning
    return Usage(input_tokens=prompt_tokens, output_tokens=output, reasoning_tokens=reasoning, estimated=True)


def _with_pieces(endpoint: Endpoint, reported: Usage | None, asked: Usage, at: float) -> Usage:
    """What the reply does not count is what was asked for: an estimate, if that is what is billed.

    Tokens are estimated only where the price is one of tokens.
    """
    usage = reported or Usage(input_tokens=asked.input_tokens, estimated=True)
    price = price_at(endpoint.prices, at=at, input_tokens=usage.input_tokens)
    billed = price.units.billed() if price is not None and price.units is not None else frozenset()
    if not billed and (reported is None or not (reported.input_tokens or reported.output_tokens)):
        usage = replace(usage, input_tokens=asked.input_tokens, output_tokens=asked.output_tokens, estimated=True)
    lacking = {name: count for name in _PIECES if not getattr(usage, name) and (count := getattr(asked, name))}
    guessed = usage.estimated or not billed.isdisjoint(lacking)
    return replace(usage, **lacking, variant=asked.variant, estimated=guessed)
