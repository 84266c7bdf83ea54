"""However a body is spelled, the same fields are found in it that move or keep data elsewhere."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.rows import BodyField
from gateway.policy.body import body_needs, body_rules

PATHS = ("store", "messages[].content[].file.file_id", "messages[].audio.id", "tools[].type")
RULES = body_rules([BodyField("openai", path, "stored_state", None, None) for path in PATHS])
KEYS = st.sampled_from(["content", "file", "file_id", "audio", "id", "type", "text"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["file_id", "id"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(["store", "messages", "tools", "model"]), VALUES, max_size=3)


def escaped(text: str) -> str:
    """The JSON with every letter of its keys and texts written as an escape."""
    inside, out = False, []
    for letter in text:
        inside = inside != (letter == '"')
        out.append(f"\\u{ord(letter):04x}" if inside and letter.isascii() and letter.isalpha() else letter)
    return "".join(out)


@settings(max_examples=300, deadline=None)
@given(BODIES)
def test_a_field_is_found_raw_decoded_or_escaped(body):
    decoded = body_needs(RULES, "openai", body)
    plain = {name: json.dumps(value, ensure_ascii=False) for name, value in body.items()}

    assert body_needs(RULES, "openai", {name: msgspec.Raw(text.encode()) for name, text in plain.items()}) == decoded
    if not any("\\" in text for text in plain.values()):
        raw = {name: msgspec.Raw(escaped(text).encode()) for name, text in plain.items()}
        assert body_needs(RULES, "openai", raw) == decoded
