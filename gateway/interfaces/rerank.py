"""POST /v1/rerank, also at /rerank and /v2/rerank: a query and documents, as Cohere, Jina and vLLM take them."""

from __future__ import annotations

from gateway.interfaces.dialects import OPENAI
from gateway.interfaces.spec import Fields, Interface, Units

DOCUMENTS = 100  # of one search, as vendors bill it: docs.cohere.com, rerank


def units(fields: Fields) -> Units:
    documents = fields.get("documents")
    count = len(documents) if isinstance(documents, list) else 1
    return Units(searches=-(-count // DOCUMENTS) or 1)


RERANK = Interface(
    kind="rerank",
    dialect=OPENAI,
    path="/v1/rerank",
    also_at=("/v2/rerank",),
    upstream_path="/rerank",
    content="query",
    beside=("documents",),
    text="fields",
    operation="rerank",
    limits=(),
    writes=False,
    answer="results",
    units=units,
    typical=Units(searches=1),
    whole_context=False,
)
