"""Takes thinking out of a reply's text: what stands between the tags is not the answer."""

from __future__ import annotations

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
_TAGS = tuple((opening, closing) for opening, closing, _, _ in TAG_ROWS)

_OPENED_UNSEEN = frozenset(
    {"<think>", "<thinking>", "<seed:think>", "◁think▷"}
)  # by a template: the closing tag stands alone


def answer(text: str) -> str:
    """What the caller was told, stripped.

    Thinking stands in front: after an opening tag, or before a closing tag that the vendor's template opened unseen.
    If it is never closed there is no answer (yet). Tags further on are the answer's own: it may be about them.
    """
    text = text.strip()
    before = None
    while before != text:  # several may follow one another
        before = text
        for opening, closing in _TAGS:
            while text.startswith(opening) or (
                opening in _OPENED_UNSEEN and 0 <= text.find(closing) < _found(text, opening)
            ):
                _, closed, text = text.partition(closing)
                text = text.strip() if closed else ""
    return text


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
        return "" if _opened(self._before) else self._before

    def feed(self, text: str) -> str:
        """What the next piece brings of the answer; white space and thinking before it are none."""
        if self.begun:
            return text
        before = (self._before + text).lstrip()
        tags = _opened(before)
        while tags is not None:
            self.thinks = True
            opening, closing = tags
            _, closed, rest = before.partition(closing)
            if not closed:
                self._before = opening + before[len(opening) :][1 - len(closing) :]
                return ""
            before = rest.lstrip()
            tags = _opened(before)
        self.begun = bool(before) and not any(opening.startswith(before) for opening, _ in _TAGS)
        self._before = "" if self.begun else before
        return before if self.begun else ""


def _opened(text: str) -> tuple[str, str] | None:
    """The tags between which the text begins."""
    return next((tags for tags in _TAGS if text.startswith(tags[0])), None)


def _found(text: str, tag: str) -> int:
    """Where the tag stands; behind everything if it does not."""
    at = text.find(tag)
    return len(text) if at < 0 else at
