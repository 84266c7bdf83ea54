"""POST /v1/completions."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Interface

COMPLETION = Interface(
    kind="completion",
    dialect=OPENAI,
    path="/v1/completions",
    upstream_path="/completions",
    content="prompt",
    prompts=True,
    text="completion",
    operation="text_completion",
    may_be_empty=True,
)
