"""What one attempt cost: usage as reported, or estimated from what came, times the price at its end."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage, cost
from gateway.frozen import frozen
from gateway.outcome.reading import Reading
from gateway.signals.tokens import count

CHARS_PER_TOKEN = 4  # of text beyond what was kept, and of reasoning


@frozen
class Bill:
    """What an attempt used and cost. `cost_usd` is 0 where the price is unknown; `price_since` is None then."""

    usage: Usage
    cost_usd: Decimal
    price_since: str | None


def bill(endpoint: Endpoint, reading: Reading, *, prompt_tokens: int, reached: bool, at: float) -> Bill:
    """`reached`: the model was at work; if not, nothing is billed. `at`: when the attempt ended.

    An error in the place of a reply says that it was not.
    """
    idle = reading.complaint is not None and reading.empty and not reading.thinks
    usage = reading.usage or (_estimate(reading, prompt_tokens) if reached and not idle else Usage())
    priced = cost(endpoint.prices, usage, at=at)
    if priced is None:
        return Bill(usage, Decimal(0), None)
    return Bill(usage, priced[0], _day(priced[1].since))


@lru_cache(maxsize=4096)
def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _estimate(reading: Reading, prompt_tokens: int) -> Usage:
    texts = [*reading.texts, reading.thought]
    unread = max(0, reading.chars - sum(map(len, texts)))
    reasoning = reading.reasoning_chars // CHARS_PER_TOKEN
    output = sum(map(count, texts)) + unread // CHARS_PER_TOKEN + reasoning
    return Usage(input_tokens=prompt_tokens, output_tokens=output, reasoning_tokens=reasoning, estimated=True)
