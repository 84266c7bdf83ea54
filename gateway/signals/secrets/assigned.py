"""Credentials by the name before them: `PASSWORD=…`, `Authorization: Bearer …`, `"apiKey": "…"`, `password is …`."""

from __future__ import annotations

import re
from typing import Final

from gateway.signals.secrets.shape import is_hex, is_placeholder, is_random, is_uuid, reads_as_name
from gateway.signals.secrets.structured import is_example

# Names in lower case, and the kind that each says. Longer ones stand before those that they hold.
NAMES: Final = {
    "password": "password",
    "passwd": "password",
    "passphrase": "password",
    "passwort": "password",
    "salasana": "password",
    "contraseña": "password",
    "密码": "password",
    "密碼": "password",
    "пароль": "password",
    "pwd": "password",
    "_pass": "password",
    "secret": "api_key",
    "token": "token",
    "bearer": "token",
    "credential": "api_key",
    "apikey": "api_key",
    "_key": "api_key",
    "-key": "api_key",
    "api key": "api_key",
    "access key": "api_key",
    "accesskey": "api_key",
    "accountkey": "api_key",
    "authkey": "api_key",
    "privatekey": "api_key",
    "private key": "private_key",
}
_OTHER: Final = re.compile(  # names that hold one of ours and stand for something else
    r"public|pub_|cache|primary|foreign|partition|sort|idempoten|dict|lookup|translation|group|row|hash|index|next|page"
    r"|continuation|cursor|sync|csrf_?(?:header|cookie)|token_?(?:type|url|uri|id|count|name|path|end|limit)|unk|pad|bos"
    r"|eos|sep|cls|mask|site|host|known|version|i18n|message|object|s3|storage_key|resource|sha|digest|fingerprint|map"
    r"|trace|span|correlation|request|license|anon|test_?key|config|session_?key|data|metric|event|tag|label|min|max|websocket",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{0,40}\Z")
_REST: Final = r"[A-Za-z0-9_-]{0,24}+"
_SIGN: Final = (
    r"(?:(?:\\*[\"'`\])]){0,3}\s{0,8}(?:=>|:=|={1,2}|:|＝|：)\s{0,8}"
    r"|\s+(?:is|ist|on|es|est)\s*[:=]?\s+|\s*(?:是|为|為)\s*|>(?=[^<\s]{4,128}</))"
)
_ASSIGNED: Final = re.compile(
    rf"({_REST}){_SIGN}(?:[brfu]{{1,2}}(?=[\"']))?"
    r"(?:\\*(?P<quote>[\"'`])(?P<quoted>[^\"'`\n\\]{4,512}?)\\*(?P=quote)"
    r"|(?:(?:Bearer|Token|Basic|ApiKey)\s{1,4})?(?P<plain>[^\s\"'`,;<>(){}\[\]\\]{4,512}))",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"(?:bearer|token)\s{1,4}([A-Za-z0-9_~+/.=-]{16,4096})", re.IGNORECASE)
_KEY: Final = re.compile(r"[A-Za-z0-9_~+/.=|:-]+")
_SYMBOL: Final = re.compile(r"[!@#$%^&*()+=?~|]")
_CODE: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+\Z|\$|%|[A-Za-z]:\\|https?:|/|\.|.*(?:&&|\|\||>>|=>|\?\.)")
_OF_PASSWORD: Final = re.compile(  # what may follow it in a name, so that it still names a password
    r"s?(?:[_-]?(?:[0-9]{1,3}|prod(?:uction)?|dev|staging|test|old|new|value|str|string|text|plain|env|db|root|admin|user))?",
    re.IGNORECASE,
)
_OF_CODE: Final = re.compile(r"@?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_?[A-Z]+|@[A-Z_]+|[\w.+-]+@[\w-]+(?:\.[A-Za-z]{2,})+")
_SPACED: Final = re.compile(r"\s")


def assigned(text: str, start: int, name: str) -> tuple[str, int] | None:
    """The kind and the end of what is given to the name that stands there, if it can be a credential."""
    if name == "bearer":
        match = _TOKEN.match(text, start)
        if match and is_random(match[1]):
            return "token", match.end()
    match = _ASSIGNED.match(text, start + len(name))
    if match is None:
        return None
    before = _NAME.search(text, max(0, start - 40), start)
    full = (before[0] if before else "") + name + match[1]
    if match["quoted"] is not None:
        value, end, quoted = match["quoted"], match.end("quoted"), True
    else:
        value, end, quoted = match["plain"].rstrip(".,;:!?"), match.end("plain"), False
    kind = NAMES[name]
    if not quoted and text[end : end + 1] in ("(", "["):
        return None  # a call
    if kind == "password":
        is_one = _OF_PASSWORD.fullmatch(match[1]) and _is_password(value, quoted=quoted)
        return (kind, end) if is_one else None
    if _OTHER.search(full):
        return None
    is_one = (
        _is_key(value, quoted=quoted)
        and (not match[1] or not is_uuid(value))
        and not (name == "token" and is_uuid(value))
    )
    return (kind, end) if is_one else None


def _is_password(value: str, *, quoted: bool) -> bool:
    """At least six characters that mix letters with digits or signs; no word, no code, nothing to be filled in."""
    if not 6 <= len(value) <= 128 or is_example(value) or _SPACED.search(value) or _CODE.match(value):
        return False
    if _OF_CODE.fullmatch(value) or (len(value) >= 16 and reads_as_name(value)):
        return False
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    symbol = bool(_SYMBOL.search(value.strip("?!=:*+")))
    if not quoted and re.fullmatch(r"[A-Za-z_][\w.]*", value) and "_" in value:
        return False  # the name of something
    return letters and (digits or symbol) and not is_hash(value)


def is_hash(value: str) -> bool:
    """A password's digest, which opens nothing by itself."""
    return value.startswith(("$2", "$argon", "$pbkdf", "pbkdf2", "sha", "md5", "{", "bcrypt")) or is_hex(value)


def _is_key(value: str, *, quoted: bool) -> bool:
    if _SPACED.search(value) or is_placeholder(value):
        return False
    if _KEY.fullmatch(value):
        return is_random(value)
    if not value[0].isalnum() and ("(" in value or "}" in value):
        return False  # a program between two quotes
    signs = sum(not char.isalnum() for char in value)
    is_mixed = len(value) >= 16 and any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return quoted and is_mixed and signs >= 2 and len(set(value)) >= 12 and is_random(value)
