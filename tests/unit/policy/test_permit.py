"""Permits: made from a decision alone, for what it permits, used once."""

from __future__ import annotations

import pytest

from gateway.policy.permit import Permit, permit
from tests.unit.policy.small import decision, policy_with


def test_a_permit_gives_its_endpoint_once():
    decided = decision(policy_with())

    made = permit("r", decided, decided.endpoints[0], purpose="serve")

    assert made.use() is decided.endpoints[0]
    with pytest.raises(PermissionError, match="used before"):
        made.use()


def test_no_permit_for_what_a_guard_removed_or_cannot_serve():
    folder = policy_with("never: {operator: zai}")
    decided = decision(folder, needs=frozenset({"vision"}))
    endpoints = folder.policy.catalog.endpoints

    for id in ("glm@zai", "qwen@self"):
        with pytest.raises(PermissionError, match="does not permit"):
            permit("r", decided, endpoints[id], purpose="shadow")


def test_a_permit_cannot_be_made_by_hand():
    folder = policy_with()
    endpoint, decided = folder.policy.endpoints[0], decision(folder)

    with pytest.raises(PermissionError, match="never by hand"):
        Permit("r", endpoint, "serve", decided)
