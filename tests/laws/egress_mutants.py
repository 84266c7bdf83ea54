"""Ways of breaking the gateway that the egress law must notice: each takes one check out of the running code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import inf
from typing import Any
from unittest import mock

from gateway.background import llm_judge, shadowing
from gateway.dispatch import dispatch
from gateway.policy import decide, in_force
from gateway.policy.in_force import InForce
from gateway.probe import run as probing
from gateway.signals.value import UNKNOWN
from gateway.upstreams import adapter, fleet
from gateway.upstreams.http1 import Hop, client
from tests.laws.egress_worlds import PROXY

Patch = tuple[Any, str, Any]
_objection, _send, _connect = in_force.objection, client.Client.send, client.Client._connect_to
_check, _envelope = fleet.Fleet._check, adapter.envelope


def _no_objection(*_: Any) -> None:
    return None


def _blind_to_freezes(permit: Any, now: InForce, at: float) -> Any:
    return _objection(permit, InForce(now.policy, now.teams, permit.decision.view.frozen), at)


def _blind_to_reloads(permit: Any, now: InForce, at: float) -> Any:
    return _objection(permit, InForce(permit.decision.policy, now.teams, now.frozen), at)


def _clock_that_stands(permit: Any, now: InForce, at: float) -> Any:
    return _objection(permit, now, permit.decision.view.at)


def _unknown_lets_through(policy: Any, signals: Any, at: float = 0.0) -> Any:
    found = [
        index
        for index, guard in enumerate(policy.guards)
        if all(clause.signal in signals and clause.holds(signals[clause.signal]) for clause in guard.when)
        and UNKNOWN not in [signals[clause.signal] for clause in guard.when]
        and index not in decide.waived(policy, signals, at)
    ]
    removed = 0
    for index in found:
        removed |= policy.guards[index].removes
    return tuple(found), removed


def _guards_forgotten(policy: Any, signals: Any, at: float = 0.0) -> Any:
    return (), 0


def _waived_for_all(policy: Any, signals: Any, at: float) -> Any:
    return tuple(waiver.guard_index for waiver in policy.waivers if at < waiver.ends)


def _waived_for_ever(policy: Any, signals: Any, at: float) -> Any:
    return tuple(waiver.guard_index for waiver in policy.waivers if waiver.team == signals.get("team"))


def _checked_before_connecting_alone(self: Any, before_write: Callable[[], object], connection: Any) -> None:
    return None


async def _following(self: Any, *, target: Any, **rest: Any) -> Any:
    """Goes where a redirect points."""
    reply = await _send(self, target=target, **rest)
    if reply.status != 307:
        return reply
    where = dict(reply.headers)[b"location"].decode().removeprefix("https://").partition(":")[0]
    return await _send(self, target=replace(target, host=where, pool=where, tls=True, port=443, pin=None), **rest)


async def _by_the_environment(self: Any, where: str, target: Any, connect_s: float) -> Any:
    host, _, port = PROXY.partition(":")
    hop = target.hop or Hop(host, int(port))
    return await _connect(self, host, replace(target, hop=hop, pin=None), connect_s)


async def _directly(self: Any, where: str, target: Any, connect_s: float) -> Any:
    there = (await self._resolver.addresses(target.host, by=inf))[0] if target.hop is not None else where
    return await _connect(self, there, replace(target, hop=None), connect_s)


async def _without_tls(self: Any, where: str, target: Any, connect_s: float) -> Any:
    return await _connect(self, where, replace(target, tls=False), connect_s)


async def _whoever_is_there(self: Any, where: str, target: Any, connect_s: float) -> Any:
    """TLS by the address in place of the name."""
    return await _connect(self, where, replace(target, host=where), connect_s)


def _adapter_unchecked(self: Any, permit: Any) -> None:
    if not permit.endpoint.adapted:
        _check(self, permit)


def _adapter_told_another(endpoint: Any, login: Any, body: bytes) -> bytes:
    there = endpoint.replicas[0].base_url.replace(".d0.", ".d1.").replace("10.0.", "10.1.")
    return _envelope(replace(endpoint, replicas=(replace(endpoint.replicas[0], base_url=there),)), login, body)


def _anybody_keeps_it(endpoint: Any, trail: Any, means: Any) -> bool:
    return bool(means.fleet.reaches(endpoint))


def _class_of_then(signals: Any, team: Any) -> Any:
    return dict(signals)


async def _with_old_connections(self: Any, *, before_write: Callable[[], object], **rest: Any) -> Any:
    """A second try on a fresh connection is not checked again."""
    calls = [before_write]
    return await _send(self, before_write=lambda: calls.pop()() if calls else None, **rest)


def _nothing(*_: Any, **__: Any) -> None:
    return None


MUTANTS: dict[str, tuple[Patch, ...]] = {
    "nothing is asked again before a write": ((fleet, "objection", _no_objection),),
    "a freeze is not heard of before a write": ((fleet, "objection", _blind_to_freezes),),
    "a reload is not heard of before a write": ((fleet, "objection", _blind_to_reloads),),
    "time stands still between decision and write": ((fleet, "objection", _clock_that_stands),),
    "what is in force is asked before connecting alone": ((client.Client, "_let", _checked_before_connecting_alone),),
    "a second try on a fresh connection is unchecked": ((client.Client, "send", _with_old_connections),),
    "an endpoint of the same name is taken for the same": ((in_force, "_door", lambda endpoint: endpoint.id),),
    "the class of the team is that of then": ((in_force, "signals_now", _class_of_then),),
    "freezes are not decided by": ((decide, "freeze_mask", lambda policy, frozen: 0),),
    "guards are not decided by": ((decide, "applying", _guards_forgotten),),
    "an unknown signal lets through": ((decide, "applying", _unknown_lets_through),),
    "a waiver lifts for everybody": ((decide, "waived", _waived_for_all),),
    "a waiver never ends": ((decide, "waived", _waived_for_ever),),
    "a shadow sees what it may not": ((shadowing, "kept_from", _nothing), (in_force, "kept_from", _nothing)),
    "a judge sees what it may not": ((llm_judge, "kept_from", _nothing), (in_force, "kept_from", _nothing)),
    "a shadow's filter is forgotten where it is offered": ((shadowing, "kept_from", _nothing),),
    "a judge's filter is forgotten where it is offered": ((llm_judge, "kept_from", _nothing),),
    "a shadow's filter is forgotten before a write": ((in_force, "kept_from", _nothing),),
    "redirects are followed": ((client.Client, "send", _following),),
    "a probe asks by the class of then": ((probing, "signals_now", _class_of_then),),
    "a proxy of the environment is used": ((client.Client, "_connect_to", _by_the_environment),),
    "the proxy that an endpoint names is gone round": ((client.Client, "_connect_to", _directly),),
    "TLS is left out": ((client.Client, "_connect_to", _without_tls),),
    "TLS asks for whoever is there": ((client.Client, "_connect_to", _whoever_is_there),),
    "pins are not looked at": ((client, "violation", _nothing),),
    "the adapter is asked unchecked": ((fleet.Fleet, "_check", _adapter_unchecked),),
    "the adapter is told of another address": ((adapter, "envelope", _adapter_told_another),),
    "what one vendor keeps is named to another": ((dispatch, "_could_serve", _anybody_keeps_it),),
}

QUICK = frozenset({  # noticed within some hundred cases
    "nothing is asked again before a write", "a freeze is not heard of before a write", "redirects are followed",
    "a reload is not heard of before a write", "freezes are not decided by", "guards are not decided by",
    "a shadow's filter is forgotten where it is offered", "a judge's filter is forgotten where it is offered",
    "a proxy of the environment is used", "TLS is left out", "pins are not looked at",
    "what is in force is asked before connecting alone",
})  # fmt: skip


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The gateway without one of its checks."""
    with ExitStack() as stack:
        for owner, attribute, instead in MUTANTS[name]:
            stack.enter_context(mock.patch.object(owner, attribute, instead))
        yield
