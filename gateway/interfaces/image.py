"""POST /v1/images/generations, and /v1/images/edits, whose form holds the images to change."""

from __future__ import annotations

from gateway.interfaces.counts import number, word
from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Fields, Interface, Units

TOKENS = 6_240  # of one large image of the best quality; developers.openai.com, image generation: gpt-image-1


def units(fields: Fields) -> Units:
    count = number(fields, "n")
    variant = f"{word(fields, 'size')}/{word(fields, 'quality')}".rstrip("/")
    return Units(images=count, output_tokens=count * TOKENS, variant=variant)


IMAGE = Interface(
    kind="image",
    dialect=OPENAI,
    path="/v1/images/generations",
    upstream_path="/images/generations",
    content="prompt",
    text="fields",
    operation="image_generation",
    writes=False,
    answer="data",
    units=units,
    typical=Units(images=1, output_tokens=TOKENS // 6),
    whole_context=False,
)
EDIT = Interface(
    kind="image",
    dialect=OPENAI,
    path="/v1/images/edits",
    upstream_path="/images/edits",
    content="prompt",
    text="fields",
    operation="image_generation",
    writes=False,
    files=frozenset({"image", "image[]", "mask"}),
    answer="data",
    units=units,
    typical=IMAGE.typical,
    whole_context=False,
)
