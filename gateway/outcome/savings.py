"""What the baseline would have cost for the same answer: at list price, and as it would really have been used. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import hypot

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage, cost_under, price_at
from gateway.estimates import Estimate, Snapshot
from gateway.estimates.ratio import Ratio, output_ratio, tokenizer_ratio
from gateway.interfaces import INTERFACES

VARIATION = 0.7  # of a baseline's answer's length about what the other's length lets one expect
_BEYOND_TEXT = frozenset(kind for kind, interface in INTERFACES.items() if interface.units is not None)


def machines(endpoints: Iterable[Endpoint]) -> dict[str, Decimal]:
    """US dollars an hour of own machines, by endpoint; of those that say what theirs costs."""
    return {each.id: each.usd_per_hour for each in endpoints if each.hosting == "self" and each.usd_per_hour}


class Credit(msgspec.Struct, frozen=True):
    """The baseline's price of an attempt's own tokens; the parts that tokens read and written make of it."""

    list_usd: Decimal
    input_usd: float
    output_usd: float


def credit(baseline: Endpoint, usage: Usage, *, at: float, list_usd: Decimal | None = None) -> Credit | None:
    """None if the baseline's price at that time is not known. `list_usd`: the whole, if it was reckoned before."""
    price = price_at(baseline.prices, at=at, input_tokens=usage.input_tokens) if comparable(baseline, usage) else None
    if price is None:
        return None
    whole = cost_under(price, usage) if list_usd is None else list_usd
    if whole is None:
        return None
    read = Usage(usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens)
    input_usd = (cost_under(price, read) or Decimal(0)) if price.by_token else whole
    return Credit(whole, float(input_usd), float(whole - input_usd))


def comparable(baseline: Endpoint, usage: Usage) -> bool:
    """Whether the baseline could have been asked: one that only writes makes no images, and hears nothing."""
    return not usage.beyond_tokens or not baseline.kinds.isdisjoint(_BEYOND_TEXT)


class Effective(msgspec.Struct, frozen=True, array_like=True):
    """What the baseline would really have cost, in US dollars, and the standard errors of that by kind."""

    usd: float
    tokens_error: float = 0.0  # of the ratios of tokens: the same way for all answers of these two models
    answers_error: float = 0.0  # of how often the baseline answers: the same way for this topic and language
    own_error: float = 0.0  # of this answer alone


NOTHING = Effective(0.0)


@dataclass(frozen=True, slots=True)
class Usual:
    """How the baseline would have answered: its tokens for each of the other's, and how often it answers."""

    tokenizer: Ratio
    tokens: Ratio
    answers: Estimate

    def effective_usd(self, credit: Credit, *, answered: bool) -> float:
        """`answered`: False if the caller left, who gets no answer elsewhere either."""
        usd = credit.input_usd * self.tokenizer.mean + credit.output_usd * self.tokens.mean
        return usd / self.answers.mean if answered else usd

    def effective(self, credit: Credit, *, answered: bool) -> Effective:
        """The same with its errors."""
        read, said = credit.input_usd * self.tokenizer.mean, credit.output_usd * self.tokens.mean
        times = 1 / self.answers.mean if answered else 1.0
        return Effective(
            (read + said) / self.answers.mean if answered else read + said,
            hypot(read * self.tokenizer.error, said * self.tokens.error) * times,
            (read + said) * times * times * self.answers.error if answered else 0.0,
            said * times * VARIATION,
        )


class Baselines:
    """What baselines would have done, as of one snapshot."""

    __slots__ = ("_kept", "snapshot")

    def __init__(self, snapshot: Snapshot):
        self.snapshot = snapshot
        self._kept: dict[tuple[str, str, str, str], Usual] = {}

    def usual(self, baseline: Endpoint, instead_of: Endpoint, topic: str, language: str) -> Usual:
        """Of the baseline, asked what `instead_of` was asked."""
        key = (baseline.id, instead_of.model.id, topic, language)
        if key not in self._kept:
            self._kept[key] = Usual(
                tokenizer_ratio(self.snapshot, baseline.model, instead_of.model),
                output_ratio(self.snapshot, baseline.model, instead_of.model),
                self.snapshot.answered(baseline, topic, language),
            )
        return self._kept[key]
