"""Headers by which callers choose features of a dialect: what goes upstream, and what is told of the others. Pure.

What a feature does is judged by the fields of the body that it needs. A name has a row here if it does nothing without
such a field, or nothing that a policy would have to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

VERSION: Final = "2023-06-01"  # of Messages, which everyone takes
# Newer ones that are read here alike. 2026-10-21 only refuses what the first takes: sampling parameters, documents of
# the assistant, citations in words of the user. Source: platform.claude.com/docs/en/api/migration-2026-10-21.
NEWER: Final = frozenset({"2026-10-21"})
# Features of `anthropic-beta`, without their dates. Source: anthropic-sdk-python 2.12.0, AnthropicBetaParam, and
# platform.claude.com/docs/en/api/beta-headers, 2026-11-28; `claude-code`, `effort`, `fine-grained-tool-streaming` and
# `advanced-tool-use` are what Claude Code and the guides of these features send.
CARRIED: Final = frozenset(
    """
    advanced-tool-use cache-diagnosis claude-code code-execution compact computer-use context-1m context-management
    dev-full-thinking effort extended-cache-ttl fast-mode files-api fine-grained-tool-streaming inline-tools
    interleaved-thinking mcp-client mid-conversation-output-config mid-conversation-system-clear-at
    mid-conversation-tool-changes model-context-window-exceeded output-128k output-300k pdfs prompt-caching skills
    structured-outputs task-budgets thinking-binding-controls thinking-display-updates thinking-token-count
    token-counting token-efficient-tools
    """.split()
)
# Of `openai-beta`: a choice of API that its path has made since it is no beta. Codex CLI still sends the first.
IGNORED: Final = frozenset({"responses=experimental", "responses=v1", "chat_completions=v1"})
NAMES: Final = frozenset({b"anthropic-beta", b"anthropic-version", b"openai-beta"})
_DATED = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)-20\d\d-?\d\d-?\d\d")
_SHOWN = re.compile(r"[a-z0-9-]{1,64}")

Options = tuple[tuple[str, str], ...]  # the headers of NAMES that say something unusual


def options_of(said: Mapping[bytes, str]) -> Options:
    """Of a request's headers; most requests have none."""
    return tuple(
        [
            (name.decode(), said[name])
            for name in (b"anthropic-beta", b"anthropic-version", b"openai-beta")
            if name in said and said[name] not in ("", VERSION)
        ]
    )


def carried(options: Options, api: str, newest: str = VERSION) -> tuple[Options, tuple[str, ...]]:
    """What goes to an upstream that speaks `api`, and the names of what is left out.

    `newest`: the version of Messages up to which the caller's may go on. To who takes the first alone, a newer one says
    nothing that its replies would not be.
    """
    betas: list[str] = []
    version: Options = ()
    left_out: dict[str, None] = {}
    for name, value in options:
        if name == "anthropic-version":
            if api == "anthropic" and value not in NEWER:  # on other wires there is nothing that a version could say
                left_out[f"anthropic-version(→{VERSION})"] = None
            elif api == "anthropic" and value <= newest:
                version = ((name, value),)
            continue
        for word in _words(value):
            if name == "anthropic-beta" and api == "anthropic" and _has_row(word):
                betas.append(word)
            elif name == "anthropic-beta" or word not in IGNORED:
                left_out[_named(name, word, shown=name == "anthropic-beta" and api == "anthropic")] = None
    kept: Options = (("anthropic-beta", ",".join(dict.fromkeys(betas))),) if betas else ()
    return (*version, *kept), tuple(left_out)


def _words(value: str) -> Iterator[str]:
    return filter(None, map(str.strip, value.split(",")))


def _has_row(word: str) -> bool:
    dated = _DATED.fullmatch(word)
    return dated is not None and dated[1] in CARRIED


def _named(header: str, word: str, *, shown: bool) -> str:
    return f"{header}({word} left out)" if shown and _SHOWN.fullmatch(word) else f"{header}(left out)"
