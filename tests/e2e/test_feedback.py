"""A caller says whether a reply answered: once, about its own request."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.services

HELLO = {"model": "smollm2-135m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}


def told(house, body: object, team: str = "demo") -> tuple[int, Any]:
    status, _, answer = house.gateway.ask(
        "POST", "/v1/feedback", body, headers={"authorization": f"Bearer {house.keys[team]}"}
    )
    return status, json.loads(answer)


def asked(house) -> Any:
    status, headers, _ = house.ask(HELLO)
    assert status == 200
    return headers["x-request-id"]


def test_feedback_is_taken_once(house):
    said = {"request_id": asked(house), "answered": False}

    assert told(house, said) == (200, said)
    status, answer = told(house, said)
    assert status == 400 and "already" in answer["error"]["message"]


def test_nobody_speaks_for_another_key(house):
    status, answer = told(house, {"request_id": asked(house), "answered": True}, team="research")

    assert status == 404 and answer["error"]["code"] == "not_found"


@pytest.mark.parametrize("body", [{}, {"request_id": "r"}, {"request_id": "r", "answered": "yes"}, [], {"answered": 1}])
def test_what_is_no_feedback_is_told_how_it_looks(house, body):
    status, answer = told(house, body)

    assert status == 400 and "request_id" in answer["error"]["message"]
