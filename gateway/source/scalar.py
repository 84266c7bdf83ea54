"""Scalars of the YAML 1.2 core schema; numbers remember how they were written, so `3.10` can still be a name."""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_MOST_DIGITS = 40


class Whole(int):
    """A whole number and its spelling."""

    spelling: str

    @classmethod
    def read(cls, text: str) -> Whole:
        number = cls(text, 0 if text[:2] in ("0o", "0x") else 10)
        number.spelling = text
        return number


class Real(float):
    """A number with a fraction or an exponent, and its spelling."""

    spelling: str

    @classmethod
    def read(cls, text: str) -> Real:
        number = cls(text)
        number.spelling = text
        return number


class NotANumber(ValueError):
    """The text is written like a number that cannot be compared: infinity, not a number, or absurdly long."""


def resolve(text: str) -> object:
    """What a plain scalar stands for: None, a bool, a Whole, a Real or its text. Raises NotANumber."""
    if text in _NOTHING:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    return _number(text)


def _number(text: str) -> object:
    if _NOT_FINITE.match(text):
        raise NotANumber(text)
    whole, real = _WHOLE.match(text), _REAL.match(text)
    if not whole and not real:
        return text
    if len(text) > _MOST_DIGITS:
        raise NotANumber(text)
    if whole:
        return Whole.read(text)
    number = Real.read(text)
    return text if math.isinf(number) else number  # a policy version such as `279e54068419`


def spelled(value: object) -> object:
    """A number as its text, anything else as it is."""
    return value.spelling if isinstance(value, Whole | Real) else value
