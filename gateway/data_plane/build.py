"""Builds a Gateway from compiled files: the one place where every part is put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.background.learned import Learned
from gateway.background.llm_judge import SecondJudge
from gateway.background.refusal_detection import judge_of
from gateway.background.shadowing import Shadows
from gateway.background.spent_before import SpentBefore
from gateway.cache.answers import Answers
from gateway.cache.entry import Store
from gateway.cache.memory import MemoryStore
from gateway.data_plane.freezes import FreezeFollower, Freezes
from gateway.data_plane.load_exchange import LoadExchange
from gateway.data_plane.vitals import Vitals
from gateway.data_plane.worker_state import State
from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.ceilings import Loads
from gateway.dispatch.conversations import Conversations
from gateway.dispatch.dispatch import DispatchContext
from gateway.dispatch.stopping import Running
from gateway.limits.account import Accounts
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.outcome.outcome import Outcome
from gateway.pipeline import Gateway
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.in_force import InForce
from gateway.processes.kept_secret import kept_secret
from gateway.processes.key_files import KeyFiles, key_paths
from gateway.processes.tls import Contexts, endpoint_contexts, tls_of
from gateway.record.journal.writer import Writer
from gateway.settings import Settings, https_proxy, wants_tracing
from gateway.upstreams.adapter import socket_path
from gateway.upstreams.connecting import Connecting
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client
from gateway.upstreams.state_seal import StateSeal


@dataclass(slots=True)
class Parts:
    """What outlives a reload: connections, breakers, the journal."""

    client: Client
    in_force: InForce
    breakers: Breakers
    conversations: Conversations
    accounts: Accounts
    before: SpentBefore
    journal: Writer
    vitals: Vitals
    learned: Learned
    second: SecondJudge
    shadows: Shadows
    freezes: Freezes
    running: Running
    loads: Loads
    seal: StateSeal
    answers: Answers
    key_files: KeyFiles
    tls: Contexts
    adapter_socket: Path

    def record(self, outcome: Outcome) -> None:
        """The sink of callers' requests."""
        if self.journal.append(outcome):
            self.before.note(outcome)

    def close(self) -> None:
        """Ends the journal first, and drops the connections."""
        self.client.close()
        self.freezes.end()
        self.journal.close()
        self.learned.close()
        self.before.close()
        self.vitals.close()


def build_parts(settings: Settings) -> Parts:
    """Once a worker process."""
    journal = Writer(settings.state_dir, most_bytes=settings.journal_bytes)
    vitals = Vitals(settings.state_dir, journal)
    before = SpentBefore(settings.state_dir, journal)
    freezes = _freezes(settings, vitals)
    in_force = InForce(frozen=freezes.frozen)
    secret = settings.secret.encode() if settings.secret else kept_secret(settings.state_dir)
    return Parts(
        client=Client(),
        in_force=in_force,
        breakers=Breakers(),
        conversations=Conversations(),
        accounts=_accounts(settings, vitals, before),
        before=before,
        journal=journal,
        vitals=vitals,
        learned=Learned(settings.state_dir),
        second=SecondJudge(recorder(journal, "judge", before)),
        shadows=Shadows(record=recorder(journal, "shadow", before), dropped=vitals.shadow_dropped),
        freezes=freezes,
        running=Running(),
        loads=Loads(),
        seal=StateSeal(secret),
        answers=Answers(_kept_answers(settings, secret), secret, in_force),
        key_files=KeyFiles(),
        tls=endpoint_contexts(),
        adapter_socket=socket_path(settings.state_dir),
    )


def follow_freezes(parts: Parts, gateway: Callable[[], Gateway], swap: Callable[[Gateway], None]) -> FreezeFollower:
    """Of what `gateway` says serves; `swap` puts another in its place."""
    return FreezeFollower(
        parts.freezes,
        gateway,
        swap,
        in_force=parts.in_force,
        running=parts.running,
        beside=(parts.shadows, parts.second),
    )


def exchange_loads(state: State, parts: Parts) -> LoadExchange:
    """With the other workers, and with other gateways where there is a Redis."""
    url, shared = state.settings.redis_url, None
    if url is not None:
        from gateway.limits.shared_loads import SharedLoads

        shared = SharedLoads(url)
    return LoadExchange(state, parts.loads, name=parts.journal.uuid, shared=shared)


def _freezes(settings: Settings, vitals: Vitals) -> Freezes:
    if settings.redis_url is None:
        return Freezes(settings.state_dir, None, reached=lambda up: None)
    from gateway.limits.shared_freezes import SharedFreezes

    return Freezes(settings.state_dir, SharedFreezes(settings.redis_url), reached=vitals.shared_state)


def recorder(journal: Writer, beside: str, before: SpentBefore) -> Callable[[Outcome], None]:
    """The sink of what is asked beside all requests: by a shadow, a judge or a probe."""

    def record(outcome: Outcome) -> None:
        if journal.append(outcome, beside=beside):
            before.note(outcome, beside=True)

    return record


def _accounts(settings: Settings, vitals: Vitals, before: SpentBefore) -> Accounts:
    if settings.redis_url is None:
        return MemoryAccounts(before)
    from gateway.limits.shared import SharedAccounts  # 7 MiB that a lone process does without

    return SharedAccounts(settings.redis_url, before.fresh, reached=vitals.shared_state)


def _kept_answers(settings: Settings, secret: bytes) -> Store:
    if settings.redis_url is None:
        return MemoryStore(settings.cache_bytes)
    from gateway.cache.shared import SharedStore  # its cipher takes 10 MiB
    from gateway.limits.shared_answers import SharedAnswers

    return SharedStore(SharedAnswers(settings.redis_url, settings.cache_bytes), secret)


def build_fleet(policy: Policy, parts: Parts) -> Fleet:
    """With the keys and certificates that there are now."""
    return Fleet(
        policy.catalog,
        key_of=parts.key_files.of,
        client=parts.client,
        in_force=parts.in_force,
        tracing=wants_tracing(),
        adapter_socket=parts.adapter_socket,
        way_to=Connecting(parts.key_files.of, parts.tls.of, https_proxy()).way,
    )


def build_gateway(compiled: Compiled, parts: Parts) -> Gateway:
    """Once a policy version."""
    policy = compiled.policy
    parts.key_files.look(key_paths(policy.endpoints))
    parts.tls.look(tls_of(policy.endpoints))
    fleet = build_fleet(policy, parts)
    parts.vitals.serves_policy(policy)
    parts.learned.serves_policy(policy)
    admission = Admission(parts.accounts, worst_case_usd, expected_usd, compiled.keyring.places)
    means = DispatchContext(
        fleet, parts.breakers, admission.admit, judge_of, parts.running, loads=parts.loads, seal=parts.seal
    )
    gateway = Gateway(
        policy=policy,
        keyring=compiled.keyring,
        admission=admission,
        means=means,
        conversations=parts.conversations,
        sinks=(parts.record,),
        shadow=parts.shadows.consider if any(route.shadow for route in policy.routes) else None,
        sample=parts.second.consider if policy.judge is not None else None,
        late=policy.late,
        estimates=parts.learned.latest,
        answers=parts.answers if any(route.cache for route in policy.routes) else None,
        frozen=parts.in_force.frozen,
    )
    if parts.in_force.policy is not policy:
        parts.answers.store.forget()
    parts.in_force.policy, parts.in_force.teams = policy, compiled.keyring.teams
    parts.second.serves(gateway)
    parts.shadows.serves(gateway)
    return gateway
