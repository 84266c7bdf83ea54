"""Credentials of a form that any issuer uses: keys in armour, signed tokens, addresses that hold a password."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import Final

import msgspec

from gateway.signals.secrets.shape import is_placeholder

_ARMOUR: Final = re.compile(r"-----\s?(?:BEGIN|END)\s[A-Z0-9 ]{0,64}?PRIVATE\sKEY(?:\sBLOCK)?\s?-----")
_MATERIAL: Final = re.compile(  # behind its headers, if it has any
    r"\s{0,40}(?:[A-Za-z-]{2,30}:[^\n]{0,80}\n\s{0,40}){0,8}[\"'+>#*b \n]{0,40}[A-Za-z0-9+/=]{16}"
)
_MATERIAL_BEFORE: Final = re.compile(r"[A-Za-z0-9+/]{16}={0,2}\s{0,4}(?:=[A-Za-z0-9+/]{4}\s{0,4})?[\"'+\s]{0,40}\Z")
_JWT: Final = re.compile(
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,65536}\.[A-Za-z0-9_-]{0,4096}(?:\.[A-Za-z0-9_-]{8,65536}\.[A-Za-z0-9_-]{8,512})?"
)
_ADDRESS: Final = re.compile(r"([^\s:/@\"'`<>]{0,256}):([^\s/@\"'`<>]{1,256})@([^\s/@\"'`<>?#]{1,256})")
_HERE: Final = re.compile(r"(?:localhost|127\.0\.0\.1|host(?:name)?|server|example)(?![A-Za-z0-9-])", re.IGNORECASE)
_WORDS: Final = frozenset(
    "password passwd pass pwd secret token user username userpass pw passw0rd api_key key xxx yyy p w port "
    "pwd1 mypassword mypass dbpassword db_password postgres".split()
)
_BASIC: Final = re.compile(r"basic\s+([A-Za-z0-9+/]{8,512}={0,2})", re.IGNORECASE)


def armour(text: str, start: int) -> int | None:
    """The end of a private key's first line (or last: it may be cut) that holds `start`, if key material is near."""
    left = max(0, start - 90)
    for match in _ARMOUR.finditer(text, left, start + 40):
        if match.start() <= start < match.end():
            if "END" in match[0][:12]:
                near = _MATERIAL_BEFORE.search(text, max(0, match.start() - 100), match.start())
            else:
                near = _MATERIAL.match(text, match.end(), match.end() + 900)
            return match.end() if near else None
    return None


def jwt(text: str, start: int) -> int | None:
    """The end of a JSON web token whose head says how it is signed or encrypted."""
    match = _JWT.match(text, start)
    if match is None:
        return None
    head = match[0].partition(".")[0]
    try:
        said = msgspec.json.decode(b64decode(head + "=" * (-len(head) % 4), altchars=b"-_"))
    except (msgspec.DecodeError, Error, UnicodeDecodeError, RecursionError):
        return None
    return match.end() if isinstance(said, dict) and "alg" in said else None


def address(text: str, start: int) -> int | None:
    """The end of `user:password@host`, which begins there behind `://`."""
    match = _ADDRESS.match(text, start)
    if match is None or is_example(match[2]) or match[2].lower() == match[1].lower():
        return None
    if (match[1], match[2]) == ("scott", "tiger") or (match[2].isalpha() and _HERE.match(match[3])):
        return None  # what manuals write
    return match.end()


def is_example(password: str) -> bool:
    """Whether it stands for a password: a word for one, or what a program fills in."""
    word = password.lower().strip("[]{}()<>$%*_-.:").rstrip("0123456789!")
    return word in _WORDS or password[0] in "{$%<[*" or (is_placeholder(password) and _says_so(password))


def _says_so(password: str) -> bool:
    return is_placeholder(password + "0123456789") or len(set(password)) <= 2


def basic(text: str, start: int) -> int | None:
    """The end of the `Basic` credentials that begin there, if they hold a user and a password."""
    match = _BASIC.match(text, start)
    if match is None:
        return None
    try:
        said = b64decode(match[1] + "=" * (-len(match[1]) % 4), validate=True).decode()
    except (Error, UnicodeDecodeError):
        return None
    user, colon, password = said.partition(":")
    return match.end() if colon and password and user.isprintable() and password.isprintable() else None
