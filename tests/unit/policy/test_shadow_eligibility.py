"""Who may see a copy of a prompt."""

from __future__ import annotations

import pytest

from gateway.policy.select.shadow_eligibility import kept_from
from gateway.signals.value import UNKNOWN
from tests.unit.policy.small import decision, policy_with

FOLDER = policy_with("when: {stream: true}, never: {operator: openai}")
GPT = FOLDER.catalog.endpoints["gpt@openai"]
BOTH = frozenset({"shadow", "judge"})


def why(purpose, *, allow=BOTH, **given):
    return kept_from(decision(FOLDER, **given), GPT, purpose, allow)


@pytest.mark.parametrize("purpose", ["shadow", "judge"])
def test_a_harmless_request_of_a_team_that_allows_it_may_be_copied(purpose):
    assert why(purpose) is None
    assert why(purpose, data_class="internal") is None


@pytest.mark.parametrize("purpose", ["shadow", "judge"])
def test_team_class_and_guards_keep_a_copy_back(purpose):
    assert why(purpose, allow=BOTH - {purpose}) == f"the team does not allow `{purpose}`"
    for data_class in ("confidential", "regulated", UNKNOWN):
        assert why(purpose, data_class=data_class) == "its class is above `internal`"
    for given in ({"stream": True}, {"needs": frozenset({"audio"})}):
        assert why(purpose, **given) == "it is removed or cannot serve this request"


@pytest.mark.parametrize("need", ["stored_state", "hosted_tools"])
def test_what_would_be_done_twice_is_not_shadowed(need):
    able = policy_with()
    endpoint = able.catalog.endpoints["gpt@openai"]
    asked = decision(able)
    asked.signals["needs"] = frozenset({need})  # as if the endpoint declared that it can

    assert kept_from(asked, endpoint, "shadow", BOTH) == "it needs stored state or hosted tools"
    assert kept_from(asked, endpoint, "judge", BOTH) is None
