"""What the policy says about the counting of a row: its baseline, and the topics that a model is right to decline."""

from __future__ import annotations

from gateway.catalog.facts import Endpoint
from gateway.outcome.answering import is_answer
from gateway.outcome.row import Row, Tried
from gateway.policy.compiled import Policy
from gateway.policy.rules import Route


class Terms:
    """Of one policy; a row of a route that the policy does not have is counted as its last route's."""

    __slots__ = ("_policy", "_routes")

    def __init__(self, policy: Policy):
        self._policy = policy
        self._routes = {route.name: route for route in policy.routes}

    def route(self, row: Row) -> Route:
        return self._routes.get(row.route or "") or self._policy.routes[-1]

    def baseline(self, row: Row) -> Endpoint | None:
        """What its savings are measured against."""
        return self.route(row).baseline or self._policy.baseline

    def answered(self, row: Row) -> bool:
        return is_answer(row.outcome, row.topics, self._excepted(row))

    def answers(self, row: Row, outcome: str) -> bool:
        """Whether a reply to this request that ended so is held to answer it."""
        return is_answer(outcome, row.topics, self._excepted(row))

    def attempt_answered(self, row: Row, attempt: Tried) -> bool:
        return is_answer(attempt.outcome, row.topics, self._excepted(row))

    def _excepted(self, row: Row) -> frozenset[str]:
        return self.route(row).on_refusal.except_topics
