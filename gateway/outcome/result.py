"""Which outcome a reply is: one function for whole and streamed replies, for attempts and requests."""

from __future__ import annotations

from typing import Protocol

from gateway.outcome.finishes import Meaning
from gateway.outcome.outcome import Result
from gateway.outcome.reading import Reading, Said
from gateway.outcome.thinking import answer

_OF_SEVERAL: tuple[Result, ...] = ("truncated", "answered", "declined", "evaded", "filtered", "blank", "failed")


class Judge(Protocol):
    """Tells from the text of a reply whether it answers."""

    def __call__(self, text: str, *, final: bool) -> Result:
        """answered, declined, evaded, or blank where nothing but thinking is in it."""
        ...


def result_of(
    reading: Reading,
    *,
    ended: bool,
    limited: bool,
    choices: int = 1,
    judge: Judge | None = None,
    may_be_empty: bool = False,
) -> Result:
    """The outcome of what has been read. A reply of several choices is a refusal only if every one is.

    `ended`: the upstream's reply is over; otherwise it is judged as an opening, in which not all of the `choices` need
    have begun. `limited`: the caller set a token limit. `may_be_empty`: an ordinary end without a word is an answer.
    """
    if reading.signal is not None:
        return reading.signal.outcome
    if not reading.said:
        return "blank" if ended and reading.empty else "answered"
    if not ended and len(reading.said) < choices:
        return "answered"  # as far as anybody knows
    results = {
        "answered"
        if may_be_empty and _ends_well(said)
        else _result_of_one(said, ended=ended, limited=limited, judge=judge)
        for said in reading.said
    }
    if len(reading.said) == 1:
        return results.pop()
    result = next(each for each in _OF_SEVERAL if each in results)
    broken_off = ended and not reading.empty and not reading.complete
    return "truncated" if broken_off and result in ("answered", "blank") else result


def _ends_well(said: Said) -> bool:
    return said.empty and said.finish is not None and said.meaning is None and not said.refused


_SAID_NO: dict[Meaning | None, Result] = {"declined": "declined", "filtered": "filtered"}


def _result_of_one(said: Said, *, ended: bool, limited: bool, judge: Judge | None) -> Result:
    if said.refused or said.meaning in _SAID_NO:
        return _SAID_NO.get(said.meaning, "declined")
    if said.broke_off:
        return "failed"
    over = ended or said.finish is not None
    empty = said.empty and not (over and answer(said.text))  # a single `<` could have become a tag
    if said.meaning == "length" and (not limited or empty):
        return "truncated"
    if empty:
        return "blank" if over else "answered"
    if (said.finish is None and ended) or said.meaning in ("cut", "context"):
        return "truncated"
    if said.other_parts or judge is None:
        return "answered"
    return judge(said.text, final=over)
