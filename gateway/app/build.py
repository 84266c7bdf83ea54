"""Builds a Gateway from compiled files: the one place where every part is put together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.app.judging import judge_of
from gateway.app.learning import Learner, Prices
from gateway.app.second import SecondJudge
from gateway.app.shadowing import Shadows
from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.conversations import Conversations
from gateway.dispatch.dispatch import Means
from gateway.identity import Account
from gateway.limits.account import Accounts
from gateway.limits.admit import Admission
from gateway.limits.memory import MemoryAccounts
from gateway.pipeline import Gateway
from gateway.policy.compiled import Compiled
from gateway.record import Sink, record
from gateway.record.ledger import Ledger
from gateway.record.metrics import Metrics
from gateway.settings import Settings, vendor_key, wants_tracing
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client

if TYPE_CHECKING:
    from gateway.record.tracing import Tracing


@dataclass(slots=True)
class Parts:
    """What outlives a reload: connections, breakers, sinks."""

    client: Client
    breakers: Breakers
    conversations: Conversations
    accounts: Accounts
    metrics: Metrics
    ledger: Ledger
    tracing: Tracing | None
    sinks: tuple[Sink, ...]
    learner: Learner
    prices: Prices
    second: SecondJudge
    shadows: Shadows

    def close(self) -> None:
        """Writes out what waits, the ledger first, and drops the connections."""
        self.client.close()
        self.ledger.close()
        self.prices.close()
        self.metrics.share()
        self.learner.close()
        if self.tracing is not None:
            self.tracing.close()


def build_parts(settings: Settings, *, shared_metrics: Path | None) -> Parts:
    """Once a worker process. Raises LedgerUnusable."""
    metrics = Metrics(shared=shared_metrics)
    ledger = Ledger(state_dir=settings.state_dir, database_url=settings.database_url, dropped=metrics.ledger_dropped)
    tracing = _tracing()
    prices = Prices(metrics.price)
    return Parts(
        client=Client(),
        breakers=Breakers(),
        conversations=Conversations(),
        accounts=_accounts(settings, metrics, ledger),
        metrics=metrics,
        ledger=ledger,
        tracing=tracing,
        sinks=(ledger.append, metrics.observe, prices.append, *((tracing.finish,) if tracing else ())),
        learner=Learner(ledger.store),
        prices=prices,
        second=SecondJudge(ledger.append),
        shadows=Shadows(
            record=partial(record, sinks=(ledger.append, metrics.observe_shadow)), dropped=metrics.shadow_dropped
        ),
    )


def _tracing() -> Tracing | None:
    if not wants_tracing():
        return None
    from gateway.record.tracing import Tracing  # not imported where nothing collects

    return Tracing(dropped=lambda: None)  # traces are a sample; money and counts do not stand on them


def _accounts(settings: Settings, metrics: Metrics, ledger: Ledger) -> Accounts:
    def spent_since(account: Account, since: float) -> Decimal:
        return ledger.store.spent(account.team, account.app, since=since)

    if settings.redis_url is None:
        return MemoryAccounts(spent_since)
    from gateway.limits.shared import SharedAccounts  # 7 MiB that a lone process does without

    return SharedAccounts(settings.redis_url, spent_since, reached=metrics.shared_state)


def build_gateway(compiled: Compiled, parts: Parts) -> Gateway:
    """Once a policy version."""
    policy = compiled.policy
    fleet = Fleet(compiled.catalog, key_of=vendor_key, client=parts.client, tracing=parts.tracing is not None)
    parts.metrics.serves_policy(policy)
    parts.learner.serves_policy(policy)
    admission = Admission(parts.accounts, worst_case_usd, expected_usd)
    means = Means(fleet=fleet, breakers=parts.breakers, admit=admission.admit, judge=judge_of)
    gateway = Gateway(
        policy=policy,
        keyring=compiled.keyring,
        admission=admission,
        means=means,
        conversations=parts.conversations,
        sinks=parts.sinks,
        shadow=parts.shadows.consider if any(route.shadow for route in policy.routes) else None,
        sample=parts.second.consider if policy.judge is not None else None,
        late=policy.late,
        estimates=parts.learner.known,
    )
    parts.second.serves(gateway)
    parts.shadows.serves(gateway)
    return gateway
