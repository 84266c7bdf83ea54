"""POST /v1/audio/speech: text in, sound out, handed on as it comes."""

from __future__ import annotations

from gateway.interfaces.counts import characters
from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Fields, Interface, Units

MS_A_CHARACTER = 70  # spoken: about 150 words a minute
MS_A_TOKEN = 50  # of sound; developers.openai.com, realtime costs: a token is 50 ms spoken


def units(fields: Fields) -> Units:
    said = characters(fields.get("input"))
    sound_ms = said * MS_A_CHARACTER
    return Units(characters=said, audio_ms=sound_ms, output_tokens=-(-sound_ms // MS_A_TOKEN))


SPEECH = Interface(
    kind="speech",
    dialect=OPENAI,
    path="/v1/audio/speech",
    upstream_path="/audio/speech",
    content="input",
    text="fields",
    operation="speech",
    writes=False,
    spoken=True,
    units=units,
    typical=units({"input": "." * 800}),
    whole_context=False,
)
