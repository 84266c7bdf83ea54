"""Messages that are read once, fast, say the same to every reader as messages that are walked through."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.rows import BodyField
from gateway.errors import GatewayError
from gateway.identity import Caller, Team
from gateway.policy.body import body_needs, body_rules
from gateway.request import Arrival, conversation, parse
from gateway.signals.measure import measure, request_text
from gateway.signals.value import Signals

PATHS = ("messages[].content[].file.file_id", "messages[].audio.id", "messages[].role", "messages[].content")
RULES = body_rules([BodyField("openai", path, "stored_state", None, None) for path in PATHS])
CALLER = Caller("key", Team("team", "any", "internal", frozenset(), None, None), None, None)
# What begins like a blob is counted as text only where it can be nothing else.
TEXT = st.text(max_size=8).filter(lambda text: not text.startswith("data:"))
WORDS = TEXT | st.sampled_from(["a: b", '"type": "image_url"', "file_id", "\\u003a", "user"])
ROLES = st.sampled_from(["system", "user", "assistant", "a:b"])
PLAIN = st.fixed_dictionaries({"role": ROLES, "content": WORDS})
OTHER = st.dictionaries(st.sampled_from(["role", "content", "name", "audio", "type"]), WORDS | st.none(), max_size=3)
PARTS = st.fixed_dictionaries({"role": ROLES, "content": st.lists(st.fixed_dictionaries({"type": WORDS}), max_size=2)})
MESSAGES = st.lists(PLAIN, min_size=1, max_size=4) | st.lists(PLAIN | OTHER | PARTS, min_size=1, max_size=4)


def told(request) -> Signals | str:
    try:
        return measure(request, CALLER, tags=(), models=(), needed=frozenset())
    except GatewayError as error:
        return error.message


def text_of(request) -> tuple[object, ...] | str:
    """With what is compared of passages, and what is not."""
    try:
        text = request_text(request)
    except GatewayError as error:
        return error.message
    return text, [passage.beside for passage in text.passages]


def moved(request) -> frozenset[str]:
    return body_needs(RULES, "openai", request.fields, plain_messages=request.talk is not None)


def same_either_way(body: bytes) -> None:
    fast = parse("chat", body, Arrival("req_1", 0, 0))
    slow = replace(fast, talk=None)

    assert told(fast) == told(slow)
    assert moved(fast) == moved(slow)
    assert conversation(fast, "key") == conversation(slow, "key")
    assert text_of(fast) == text_of(slow)


@settings(max_examples=400, deadline=None)
@given(MESSAGES, st.booleans(), st.sampled_from([None, 1]))
def test_signals_needs_and_conversation_do_not_depend_on_how_messages_are_read(messages, ascii_only, indent):
    written = json.dumps({"model": "m", "messages": messages}, ensure_ascii=ascii_only, indent=indent)

    same_either_way(written.encode(errors="replace"))


@settings(max_examples=200, deadline=None)
@given(PLAIN, st.sampled_from(["role", "content", "cont\\u0065nt"]), WORDS, st.booleans())
def test_a_name_given_twice_is_never_read_fast(message, name, word, ascii_only):
    once = json.dumps(message, ensure_ascii=ascii_only)
    twice = f'{{"{name}": {json.dumps(word, ensure_ascii=ascii_only)}, {once[1:]}'
    body = f'{{"model": "m", "messages": [{once}, {twice}]}}'.encode(errors="replace")

    same_either_way(body)
    assert parse("chat", body, Arrival("req_1", 0, 0)).talk is None


def test_a_common_conversation_is_read_fast():
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": 'Look:\n"here"'}]}).encode()

    assert parse("chat", body, Arrival("req_1", 0, 0)).talk is not None
