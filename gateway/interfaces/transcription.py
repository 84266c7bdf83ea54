"""POST /v1/audio/transcriptions and /v1/audio/translations: a form with a sound file in, text or JSON out."""

from __future__ import annotations

from gateway.interfaces.counts import number
from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Fields, Interface, Units

AUDIO_MS = "audio_ms"  # what a file says of its own length, among the values of its field
BYTES_A_SECOND = 4_000  # of a file that does not say: 32 kbit/s, so that it is rather too long than too short
MS_A_HEARD_TOKEN, MS_A_WRITTEN_TOKEN = 100, 250  # developers.openai.com, realtime costs: a token is 100 ms heard


def units(fields: Fields) -> Units:
    file = fields.get("file")
    inside = file.get("file") if isinstance(file, dict) else None
    known: dict[str, object] = inside if isinstance(inside, dict) else {}
    told = number(known, AUDIO_MS, 0) if AUDIO_MS in known else 0
    heard_ms = told or number(known, "bytes", 0) * 1000 // BYTES_A_SECOND
    return Units(
        audio_ms=heard_ms,
        input_tokens=-(-heard_ms // MS_A_HEARD_TOKEN),
        output_tokens=-(-heard_ms // MS_A_WRITTEN_TOKEN),
    )


TRANSCRIPTION = Interface(
    kind="transcription",
    dialect=OPENAI,
    path="/v1/audio/transcriptions",
    upstream_path="/audio/transcriptions",
    content="file",
    text="fields",
    operation="transcription",
    writes=False,
    files=frozenset({"file"}),
    answer="text",
    plain=True,
    units=units,
    typical=Units(audio_ms=60_000, input_tokens=1_000, output_tokens=240),
    whole_context=False,
)
TRANSLATION = Interface(
    kind="transcription",
    dialect=OPENAI,
    path="/v1/audio/translations",
    upstream_path="/audio/translations",
    content="file",
    text="fields",
    operation="transcription",
    writes=False,
    files=frozenset({"file"}),
    answer="text",
    plain=True,
    units=units,
    typical=TRANSCRIPTION.typical,
    whole_context=False,
)
