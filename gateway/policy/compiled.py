"""A compiled policy: every name resolved, every guard a mask over the catalogue's endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.catalog.facts import Catalog, Endpoint
from gateway.errors import Place, Problem
from gateway.identity import Account, Keyring
from gateway.policy.body import BodyRules
from gateway.policy.ranking import Rankings
from gateway.policy.rules import Capability, FactTest, Guard, Item, Probe, Route, Share, Waiver
from gateway.signals.table import text_signals
from gateway.signals.value import Value


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """Everything that decides, compiled from one folder."""

    version: str
    catalog: Catalog
    endpoints: tuple[Endpoint, ...]  # by index
    everything: int  # mask of all endpoints
    guards: tuple[Guard, ...]
    routes: tuple[Route, ...]
    sets: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str]
    alias_globs: tuple[re.Pattern[str], ...]
    named: Mapping[str, Item]  # what `requested` stands for, by model or endpoint id
    baseline: Endpoint | None
    needs: frozenset[str]  # signals that are measured before the decision
    record_signals: frozenset[str]  # measured for the records; empty: nothing about the text is recorded
    coarse: bool  # records keep personal signals coarse
    capability: Capability
    rankings: Rankings  # sorts endpoints by price
    body_rules: BodyRules  # fields that move or keep data elsewhere
    judge: Share | None
    probe: Probe | None
    allow_widening: str | None
    waivers: tuple[Waiver, ...] = ()
    passes: bool = False  # a route lets names through that are neither known nor aliases
    tuned: tuple[Endpoint, ...] = ()  # those with parameters of their own
    budgets: tuple[Account, ...] = ()  # of places, and of teams beside their own

    def __repr__(self) -> str:
        """Whole, it would be megabytes."""
        return f"<policy {self.version}>"

    @property
    def late(self) -> frozenset[str]:
        """Text signals that no decision reads: for the records, and the topic where a refusal may stand by it."""
        rules = [route.on_refusal for route in self.routes]
        stands = any(rule.except_topics and rule.reroute - {"blank"} for rule in rules)
        return (self.record_signals | ({"topic"} if stands else frozenset())) & text_signals() - self.needs


@dataclass(frozen=True, slots=True)
class Case:
    """Given these signals, expect this decision."""

    note: str
    given: Mapping[str, Value]
    team: str | None
    text: str | None
    expect: Expectation
    place: Place


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a case expects; None or empty: nothing about it."""

    route: str | None
    refused: bool | None
    only: tuple[FactTest, ...]
    never: tuple[FactTest, ...]
    removed_by: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """One folder, compiled whole."""

    policy: Policy
    keyring: Keyring
    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]  # warnings and notes
    files: Mapping[str, bytes]

    @property
    def catalog(self) -> Catalog:
        return self.policy.catalog
