"""What a simulated vendor says to a request: an answer, a call, JSON, or no; pure."""

from __future__ import annotations

from dataclasses import replace

from gateway.demo.vendors import prose, refusals, tools
from gateway.demo.vendors.asked import Asked
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say
from gateway.demo.vendors.script import Act
from gateway.demo.vendors.shaped import shaped


def say(asked: Asked, vendor: Vendor, act: Act, seed: int) -> Say:
    """As the script wants it (`act`), else by the vendor's nature."""
    if act.text is not None or act.tool_call is not None:
        scripted = (act.tool_call,) if act.tool_call is not None else ()
        return Say(act.text or "", thoughts=act.thoughts or "", calls=scripted)
    usual = _usual(asked, vendor, seed)
    way = act.no or refusals.way(asked.prompt, vendor)
    if way is not None:
        return cut_to_length(refusals.WAYS[way](asked.prompt, usual), asked.max_tokens)
    if calls := tuple(tools.calls(asked)):
        return replace(usual, text="", calls=calls)
    return cut_to_length(_stopped(replace(usual, text=shaped(asked.form, usual.text)), asked.stops), asked.max_tokens)


def cut_to_length(say: Say, max_tokens: int | None) -> Say:
    """Thoughts and text together keep to `max_tokens`."""
    thoughts, text = prose.tokens(say.thoughts), prose.tokens(say.text)
    if max_tokens is None or len(thoughts) + len(text) <= max_tokens:
        return say
    left = max(0, max_tokens - len(thoughts))
    return Say("".join(text[:left]), finish="length", thoughts="".join(thoughts[:max_tokens]), refusal=say.refusal)


def _usual(asked: Asked, vendor: Vendor, seed: int) -> Say:
    text = prose.answer(asked.prompt, weights=asked.model, seed=seed, points=vendor.points)
    if asked.results:
        text = prose.after_tools(asked.results)
    thinks = asked.thinks and asked.model in vendor.reasoning_models
    return Say(text, thoughts=prose.thoughts(asked.prompt, weights=asked.model, seed=seed) if thinks else "")


def _stopped(say: Say, stops: tuple[str, ...]) -> Say:
    """Before the first of the texts that are to stop it."""
    found = [(say.text.index(stop), stop) for stop in stops if stop and stop in say.text]
    if not found:
        return say
    at, stop = min(found)
    return replace(say, text=say.text[:at], stopped_by=stop)
