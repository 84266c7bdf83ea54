"""What the scripted vendor makes of a request, in whichever of the three wires it came: pure.

It asks for a tool while one is offered and nothing was brought back, then answers with what the tool said; so an answer
that holds a tool's words has gone the whole way round.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

TIDE: Final = "High water is at noon, low water at six."
WAVES: Final = "wave " * 600  # of a stream that is left before its end
SAMPLE: Final = {"string": "Whitby", "integer": 6, "number": 6.5, "boolean": True, "array": [], "object": {}}
ARGUMENTS: Final[dict[str, dict[str, Any]]] = {  # of tools that a coding agent brings along
    "Bash": {"command": "printf '06:12 at %s' Whitby", "description": "Reads the tide table"},
    "exec_command": {"cmd": "printf '06:12 at %s' Whitby"},
    "shell": {"command": ["printf", "06:12 at %s", "Whitby"]},
    "shell_command": {"command": "printf '06:12 at %s' Whitby"},
}
FIELD: Final = re.compile(r"\[\[ ## (\w+) ## \]\]")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What of a request the script goes by."""

    model: str
    text: str  # of the last message that a person wrote
    tools: Mapping[str, Any]  # schema by name
    results: tuple[str, ...]  # what tools said after that message
    forced: str | None  # a tool that must be called; "" for any
    schema: Any  # of the answer, if it must be JSON
    stream: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """What the vendor says: text, or calls of tools."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    gap_s: float = 0.0  # between the words of a stream


class WrongRequest(Exception):
    """A request that a real vendor would refuse, too: it says why."""


def turn(ask: Ask) -> Turn:
    """The answer to one request."""
    if "count the waves" in ask.text:
        return Turn(WAVES, gap_s=0.02)
    if FIELD.search(ask.text):
        return Turn(_fields(ask.text))
    if ask.tools and not ask.results and (names := _wanted(ask)):
        return Turn(calls=tuple(_call(place, name, ask.tools[name]) for place, name in enumerate(names, 1)))
    if ask.schema is not None:
        return Turn(json.dumps(sample(ask.schema)))
    return Turn("The tide table says " + " and ".join(ask.results) + "." if ask.results else TIDE)


def sample(schema: Any, whole: Any = None) -> Any:
    """A value of this JSON Schema."""
    whole = schema if whole is None else whole
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return sample((whole.get("$defs") or whole.get("definitions"))[name], whole)
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    if options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return sample(options[0], whole)
    if properties := schema.get("properties"):
        return {name: sample(one, whole) for name, one in properties.items()}
    kind = schema.get("type", "string")
    return SAMPLE.get(kind[0] if isinstance(kind, list) else kind)


def paired(asked: Iterable[str], answered: Sequence[str]) -> None:
    """Raises WrongRequest unless each result is of a call that was made before it."""
    known = set(asked)
    for one in answered:
        if one not in known:
            raise WrongRequest(f"no call has the id {one!r} of this result")


def _wanted(ask: Ask) -> list[str]:
    if ask.forced:
        return [ask.forced]
    if ask.forced == "" and len(ask.tools) == 1:
        return list(ask.tools)
    if "both ports" in ask.text and len(ask.tools) > 1:
        return list(ask.tools)[:2]
    return [name for name in ask.tools if name in ARGUMENTS or "tide" in name][:1]


def _call(place: int, name: str, schema: Any) -> Call:
    return Call(f"call_{place}", name, ARGUMENTS.get(name) or sample(schema or {"properties": {}}))


def _fields(text: str) -> str:
    """In the form that DSPy asks for: a heading for each field."""
    said = {"next_thought": "I look it up.", "reasoning": "The table says so.", "answer": TIDE}
    looked = "06:12" in text
    said["next_tool_name"] = "finish" if looked else "tide"
    said["next_tool_args"] = "{}" if looked else '{"port": "Whitby"}'
    if looked:
        said["answer"] = "06:12 at Whitby"
    wanted = dict.fromkeys(FIELD.findall(text.rpartition("Respond with")[2]))
    return "\n\n".join(f"[[ ## {name} ## ]]\n{said.get(name, '')}" for name in wanted)
