"""Signing in by OpenID Connect: authorization code with PKCE, state, nonce; id tokens are checked as callers' are."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import quote, urlencode

from gateway.control.fetch import FetchFailed, fetch, place_of

PATIENCE_S = 600.0  # between going to the provider and coming back
MOST_UNDER_WAY = 1_000


class SignInFailed(Exception):
    """Why nobody is signed in; the text holds no code and no token."""


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows this gateway by."""

    issuer: str
    id: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One browser that is at the provider."""

    nonce: str
    verifier: str
    redirect: str
    browser: str  # what its cookie holds
    began_at: float  # monotonic seconds


@dataclass(slots=True)
class SignIns:
    """Those under way, by state; each is used once."""

    _kept: dict[str, UnderWay] = field(default_factory=dict)

    def begin(self, redirect: str, at: float) -> tuple[str, UnderWay]:
        """State and what belongs to it."""
        while len(self._kept) >= MOST_UNDER_WAY:
            del self._kept[next(iter(self._kept))]
        state = secrets.token_urlsafe(24)
        fresh = (secrets.token_urlsafe(24), secrets.token_urlsafe(48), redirect, secrets.token_urlsafe(24))
        self._kept[state] = UnderWay(*fresh, at)
        return state, self._kept[state]

    def take(self, state: str, browser: str, at: float) -> UnderWay:
        """Raises SignInFailed for what was not begun here, in this browser, a moment ago."""
        found = self._kept.pop(state, None)
        if found is None or at > found.began_at + PATIENCE_S:
            raise SignInFailed("it was not begun here, or too long ago")
        if not compare_digest(found.browser.encode(), browser.encode("utf-8", "surrogatepass")):
            raise SignInFailed("it was begun in another browser")
        return found


def address(client: Client, under_way: UnderWay, state: str) -> str:
    """Where the browser goes. Raises SignInFailed."""
    challenge = base64.urlsafe_b64encode(sha256(under_way.verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": under_way.redirect,
        "scope": "openid email profile",
        "state": state,
        "nonce": under_way.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    place = _published(client)["authorization_endpoint"]
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"


def claims_of(client: Client, under_way: UnderWay, code: str, at: float) -> Mapping[str, Any]:
    """Whom the provider vouches for. Blocks. `at`: seconds since the epoch. Raises SignInFailed."""
    from gateway.identity.signatures import TokenRefused, Wanted, signing_keys, verified  # where somebody signs in

    places = _published(client)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": under_way.redirect}
    form |= {"client_id": client.id, "code_verifier": under_way.verifier}
    headers = {}
    if client.secret is not None:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}".encode()
        headers = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    told = _json(places["token_endpoint"], form=urlencode(form), headers=headers)
    keys = signing_keys(_list(_json(places["jwks_uri"]).get("keys")))
    token = told.get("id_token")
    if not isinstance(token, str):
        raise SignInFailed("the provider sent no id token")
    try:
        claims = verified(token, keys, Wanted(client.issuer, client.id), at)
    except TokenRefused as wrong:
        raise SignInFailed(f"the provider's id token is not taken: {wrong}") from None
    if not compare_digest(str(claims.get("nonce", "")).encode(), under_way.nonce.encode()):
        raise SignInFailed("the provider's id token is of another sign-in")
    if claims.get("azp", client.id) != client.id:
        raise SignInFailed("the provider's id token was made for another client")
    return claims


def _published(client: Client) -> dict[str, str]:
    """The provider's endpoints. Raises SignInFailed."""
    told = _json(f"{client.issuer.rstrip('/')}/.well-known/openid-configuration")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    places = {name: told.get(name) for name in names}
    if told.get("issuer") != client.issuer:
        raise SignInFailed("the provider says that it is another issuer")
    try:
        for place in places.values():
            place_of(str(place))
    except FetchFailed as wrong:
        raise SignInFailed(f"the provider names an endpoint that is not asked: {wrong}") from None
    return {name: str(place) for name, place in places.items()}


def _json(url: str, *, form: str | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    try:
        said = json.loads(fetch(url, form=form, headers=headers))
    except FetchFailed as wrong:
        raise SignInFailed(f"the provider cannot be asked: {wrong}") from None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise SignInFailed("the provider's answer cannot be read")
    return said


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
