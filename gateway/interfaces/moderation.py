"""POST /v1/moderations: what is flagged is an answer, no refusal."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Interface

MODERATION = Interface(
    kind="moderation",
    dialect=OPENAI,
    path="/v1/moderations",
    upstream_path="/moderations",
    content="input",
    text="fields",
    operation="moderation",
    writes=False,
    answer="results",
    whole_context=False,
)
