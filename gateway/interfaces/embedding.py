"""POST /v1/embeddings."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Interface

EMBEDDING = Interface(
    kind="embedding",
    dialect=OPENAI,
    path="/v1/embeddings",
    upstream_path="/embeddings",
    content="input",
    text="embedding",
    operation="embeddings",
    writes=False,
    one_model=True,
)
