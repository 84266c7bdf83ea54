"""What one API is like: everything that tells chat from completions or embeddings stands in its Interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.interfaces.dialects import Dialect

TextForm = Literal["chat", "completion", "embedding", "responses", "messages", "fields"]  # that `signals.read` knows
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


@dataclass(frozen=True, slots=True)
class Units:
    """What a request asks for that is not text, as vendors bill it; the tokens are about what it takes of them."""

    images: int = 0
    audio_ms: int = 0  # of speech, heard or spoken
    characters: int = 0  # to be spoken
    searches: int = 0  # a query with up to a hundred documents is one
    input_tokens: int = 0  # beside those of the text
    output_tokens: int = 0
    variant: str = ""  # of the images: `size/quality` as they were asked for


Fields = Mapping[str, object]  # of a body, decoded


@dataclass(frozen=True, slots=True)
class Interface:
    """One API. A new one is a file beside this one and its name in `INTERFACES`."""

    kind: str  # its name in policies (the signal `kind`), the catalogue (`kinds`), metrics and the ledger
    dialect: Dialect  # what its fields, errors and streams look like
    path: str | None  # where callers ask for it; None: known to policies and the catalogue, not served yet
    upstream_path: str  # where it is asked of an endpoint, below its base_url
    content: str  # the field that holds what is asked
    text: TextForm  # how the text in its fields is read
    operation: str  # gen_ai.operation.name
    messages: bool = False  # the content is a list of at least one message
    content_elsewhere: frozenset[str] = frozenset()  # fields that may hold it instead
    prompts: bool = False  # a list in the content asks each of its items
    limits: tuple[str, ...] = LIMITS  # fields that bound the output; the largest counts
    writes: bool = True  # its replies are text: they may refuse, and have output tokens to report in a stream
    may_be_empty: bool = False  # a reply that ends at once is an answer: there was nothing to add
    reasons: bool = False  # endpoints may be told how much to think
    one_model: bool = False  # answers of two models cannot be compared: one never takes the place of another
    by_chat: bool = False  # what serves chat serves it too, by translation
    also_at: tuple[str, ...] = ()  # other paths that clients ask at
    beside: tuple[str, ...] = ()  # fields that hold text as the content does; only with `text="fields"`
    files: frozenset[str] = frozenset()  # fields of a form (multipart/form-data) that hold files; empty: JSON is taken
    answer: str | None = None  # the field of a whole reply that holds the answer; None: the reply is Chat's, or like it
    plain: bool = False  # a whole reply may be a text and no JSON
    spoken: bool = False  # the reply is sound, handed on as it comes; a reply as events is asked for by `stream_format`
    units: Callable[[Fields], Units] | None = None  # what a request asks for that is not text
    typical: Units | None = None  # of one request, to compare prices by
    whole_context: bool = True  # all of the text must fit into the context of the model
