"""Takes thinking out of a reply's text: what stands between the tags is not the answer."""

from __future__ import annotations

import re

# By whose model or template: docs/wires.md is made of these rows too. (opening, closing, vendor, source)
TAG_ROWS = (
    (
        "<think>",
        "</think>",
        "DeepSeek, Qwen, MiniMax and others on vLLM, SGLang, Ollama",
        "docs.vllm.ai reasoning outputs; earendil-works/pi#9007",
    ),
    ("<thinking>", "</thinking>", "Anthropic's prompts and models trained on them", "platform.claude.com prompting"),
    ("<reasoning>", "</reasoning>", "Bedrock's gpt-oss", "browseros-ai/BrowserOS#167; vercel/ai#14720"),
    (
        "<thought>",
        "</thought>",
        "Google's OpenAI wire with include_thoughts, Gemma",
        "ai.google.dev OpenAI compatibility",
    ),
    (
        "[THINK]",
        "[/THINK]",
        "Mistral's Magistral in vLLM without a parser",
        "huggingface.co/mistralai/Magistral-Small-2507",
    ),
    ("<seed:think>", "</seed:think>", "ByteDance Seed-OSS", "huggingface.co/ByteDance-Seed/Seed-OSS-36B-Instruct"),
    ("◁think▷", "◁/think▷", "Moonshot's Kimi-VL", "huggingface.co/moonshotai/Kimi-VL-A3B-Thinking"),
)
_NO_SPACE = re.compile(r"\S")
_TAGS = tuple((opening, closing) for opening, closing, _, _ in TAG_ROWS)

_OPENED_UNSEEN = frozenset(
    {"<think>", "<thinking>", "<seed:think>", "◁think▷"}
)  # by a template: the closing tag stands alone

_BEGUN = tuple(opening for opening, _ in _TAGS)
_CLOSED = ("</", "◁/")  # one of these is in every tag that may close what was opened unseen


def answer(text: str) -> str:
    """What the caller was told, stripped.

    Thinking stands in front: after an opening tag, or before a closing tag that the vendor's template opened unseen.
    If it is never closed there is no answer (yet). Tags further on are the answer's own: it may be about them.
    """
    text = text.strip()
    if not text.startswith(_BEGUN) and not any(mark in text for mark in _CLOSED):
        return text
    finder, at, before = _Finder(text), 0, -1
    while before != at:  # several may follow one another
        before = at
        for opening, closing in _TAGS:
            while text.startswith(opening, at) or (
                opening in _OPENED_UNSEEN and finder.at(closing, at) < finder.at(opening, at)
            ):
                at = _spaces(text, min(finder.at(closing, at) + len(closing), len(text)))
    return text[at:]


class Beginning:
    """Sees in a text that grows where the answer begins. Keeps no more than a tag's length of what stands before it."""

    __slots__ = ("_before", "begun", "thinks")

    def __init__(self) -> None:
        self.begun = False
        self.thinks = False  # an opening tag was there
        self._before = ""

    @property
    def open(self) -> str:
        """What could still become an opening tag; if nothing follows it is the answer."""
        return "" if _opened(self._before, 0) else self._before

    def feed(self, text: str) -> str:
        """What the next piece brings of the answer; white space and thinking before it are none."""
        if self.begun or (not self._before and text[:1].isalnum()):  # no tag begins so
            self.begun = True
            return text
        whole = self._before + text
        at = _spaces(whole, 0)
        tags = _opened(whole, at)
        while tags is not None:
            self.thinks = True
            opening, closing = tags
            closed = whole.find(closing, at)
            if closed < 0:
                self._before = opening + whole[max(at + len(opening), len(whole) + 1 - len(closing)) :]
                return ""
            at = _spaces(whole, closed + len(closing))
            tags = _opened(whole, at)
        before = whole[at:]
        self.begun = bool(before) and not any(opening.startswith(before) for opening, _ in _TAGS)
        self._before = "" if self.begun else before
        return before if self.begun else ""


def _opened(text: str, at: int) -> tuple[str, str] | None:
    """The tags between which the text goes on there."""
    return next((tags for tags in _TAGS if text.startswith(tags[0], at)), None)


def _spaces(text: str, at: int) -> int:
    """Where the white space ends that stands there."""
    found = _NO_SPACE.search(text, at)
    return found.start() if found else len(text)


class _Finder:
    """Where tags stand from a place on that only moves forward; each is looked for once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, int] = {}

    def at(self, tag: str, start: int) -> int:
        """Behind everything if it does not stand there any more."""
        known = self._known.get(tag, -1)
        if known < start:
            known = self._text.find(tag, start)
            self._known[tag] = known = len(self._text) if known < 0 else known
        return known
