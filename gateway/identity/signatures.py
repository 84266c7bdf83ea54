"""Whether a token was signed by a key of its issuer, and what it claims. The one place that knows PyJWT.

A token chooses nothing: the algorithms are those of the keys, keys come from the key set alone (`jwk`, `jku`, `x5u` and
`x5c` of a token are not looked at), and what is said twice, or in another form than the standard's, is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MOST_CHARS = 16_384  # of a token
MOST_KEYS = 64  # of a key set
LEEWAY_S = 60.0  # by which clocks may differ
SHORTEST_RSA = 2_048  # bits
_BY_KIND: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
ALGORITHMS = tuple(name for names in _BY_KIND.values() for name in names)
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_jws = jwt.PyJWS(algorithms=list(ALGORITHMS))


class TokenRefused(Exception):
    """Why a token says nothing. `unknown_key`: a newer key set may know its key."""

    def __init__(self, words: str, *, unknown_key: bool = False):
        super().__init__(words)
        self.unknown_key = unknown_key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and what it may have signed by."""

    id: str | None
    algorithms: frozenset[str]
    key: Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token must say."""

    issuer: str
    audience: str


def signing_keys(rows: Iterable[object]) -> tuple[SigningKey, ...]:
    """Those of a key set that can check signatures here; the others are left out, private and shared ones too."""
    found = (_signing_key(row) for row in list(rows)[:MOST_KEYS])
    return tuple(key for key in found if key is not None)


def verified(token: str, keys: tuple[SigningKey, ...], wanted: Wanted, at: float) -> dict[str, Any]:
    """The claims of a token that one of the keys signed, for us, and that holds now. Raises TokenRefused."""
    if len(token) > MOST_CHARS or not _FORM.fullmatch(token):
        raise TokenRefused(f"it is no signed token of at most {MOST_CHARS:,} characters")
    try:
        header = strict_json(jwt.utils.base64url_decode(token.partition(".")[0].encode()))
    except ValueError:
        raise TokenRefused("its header cannot be read") from None
    claims = _signed(token, _fitting(header, keys), str(header["alg"]))
    _check_claims(claims, wanted, at)
    return claims


def strict_json(text: bytes) -> dict[str, Any]:
    """An object in which nothing stands twice. Raises ValueError."""
    try:
        said = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a name stands twice")
    return said


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is no number")


def _signing_key(row: object) -> SigningKey | None:
    if not isinstance(row, dict) or _PRIVATE & row.keys() or not _is_for_signatures(row):
        return None
    kind, id, said = row.get("kty"), row.get("kid"), row.get("alg")
    names = _BY_KIND.get((str(kind), None if kind == "RSA" else str(row.get("crv"))), ())
    algorithms = frozenset(names if said is None else {said} & set(names) if isinstance(said, str) else ())
    if not algorithms or not isinstance(id, str | None):
        return None
    try:
        key = jwt.PyJWK.from_dict(row, algorithm=min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SHORTEST_RSA:
        return None
    return SigningKey(id, algorithms, key)


def _is_for_signatures(row: Mapping[str, Any]) -> bool:
    operations = row.get("key_ops", ["verify"])
    return row.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _fitting(header: Mapping[str, Any], keys: tuple[SigningKey, ...]) -> list[SigningKey]:
    """Keys by which it may have been signed. Raises TokenRefused."""
    algorithm, id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("it is not signed by an algorithm of public keys")
    if "crit" in header or "b64" in header or not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenRefused("its header asks for what is not done here")
    if not isinstance(id, str | None):
        raise TokenRefused("the id of its key is no text")
    if id is None and len(keys) != 1:
        raise TokenRefused("it does not say which key of the key set signed it")
    named = [key for key in keys if id is None or key.id == id]
    if not named:
        raise TokenRefused("no key of the key set has the id that it names", unknown_key=True)
    fitting = [key for key in named if algorithm in key.algorithms]
    if not fitting:
        raise TokenRefused("its key does not sign by the algorithm that it names")
    return fitting


def _signed(token: str, keys: Iterable[SigningKey], algorithm: str) -> dict[str, Any]:
    for key in keys:
        try:
            payload = _jws.decode_complete(token, key.key, algorithms=[algorithm])["payload"]
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        try:
            return strict_json(payload)
        except ValueError:
            raise TokenRefused("its claims cannot be read") from None
    raise TokenRefused("its signature is not that of its key")


def _check_claims(claims: Mapping[str, Any], wanted: Wanted, at: float) -> None:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if claims.get("iss") != wanted.issuer:
        raise TokenRefused("another issuer made it")
    if not isinstance(audiences, list) or wanted.audience not in audiences:
        raise TokenRefused("it is meant for others (`aud`)")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise TokenRefused("it does not say whose it is (`sub`)")
    ends = _time(claims, "exp")
    if ends is None:
        raise TokenRefused("it does not say until when it holds (`exp`)")
    if at >= ends + LEEWAY_S:
        raise TokenRefused("it has expired")
    if any((begins := _time(claims, name)) is not None and at < begins - LEEWAY_S for name in ("nbf", "iat")):
        raise TokenRefused("it does not hold yet")


def holds_from(claims: Mapping[str, Any]) -> tuple[float, float]:
    """When verified claims begin and cease to hold, clocks that differ allowed for."""
    begins = max((_time(claims, name) or 0.0) for name in ("nbf", "iat"))
    return begins - LEEWAY_S, (_time(claims, "exp") or 0.0) + LEEWAY_S


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """None if it is not said. Raises TokenRefused."""
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise TokenRefused(f"`{name}` is no time")
    return float(value)
