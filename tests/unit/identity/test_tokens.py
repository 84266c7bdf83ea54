"""Laws of tokens: none is let in that a current key did not sign, for us, by its issuer, for this time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.identity import Team, TokenRules, compile_callers
from gateway.identity.signatures import LEEWAY_S, MOST_CHARS, TokenRefused, Wanted, signing_keys, verified
from gateway.identity.tokens import caller_of, looks_like_token
from gateway.source import parse

AT = 1_800_000_000.0
WANTED = Wanted("https://id.example.com", "gateway")
PRIVATE: dict[str, Any] = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed": ed25519.Ed25519PrivateKey.generate(),
    "stranger": rsa.generate_private_key(65537, 2048),
}
ALGORITHM = {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA", "stranger": "RS256"}
SOUND = {"iss": WANTED.issuer, "aud": "gateway", "sub": "maria", "exp": AT + 600, "team": "red"}
TEAMS = {name: Team(name, "any", "internal", frozenset(), None, None) for name in ("red", "blue")}


def public(name: str, **fields: object) -> dict[str, Any]:
    algorithm = jwt.get_algorithm_by_name(ALGORITHM[name])
    return {**algorithm.to_jwk(PRIVATE[name].public_key(), as_dict=True), "kid": name, "use": "sig", **fields}


KEYS = signing_keys([public(name) for name in ("rsa", "ec", "ed")])


def packed(part: bytes | Mapping[str, object]) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(claims: Mapping[str, object] = SOUND, by: str = "rsa", **header: object) -> str:
    return str(jwt.encode(dict(claims), PRIVATE[by], ALGORITHM[by], headers={"kid": by, **header}))


def lets_in(token: str, at: float = AT) -> bool:
    try:
        verified(token, KEYS, WANTED, at)
    except TokenRefused:
        return False
    return True


@pytest.mark.parametrize("by", ["rsa", "ec", "ed"])
def test_a_sound_token_is_let_in(by):
    assert verified(signed(by=by), KEYS, WANTED, AT)["sub"] == "maria"
    assert lets_in(signed({**SOUND, "aud": ["others", "gateway"]}, by=by))
    assert looks_like_token(signed(by=by))


TIMES = st.sampled_from([-1e6, -601, -LEEWAY_S - 1, -LEEWAY_S + 1, 0, LEEWAY_S - 1, LEEWAY_S + 1, 601, 1e6])
ODD: st.SearchStrategy[Any] = st.none() | st.booleans() | st.text(max_size=3) | st.just([]) | st.just({})


@pytest.mark.thorough
@given(
    by=st.sampled_from(list(PRIVATE)),
    kid=st.sampled_from([*PRIVATE, "gone"]),
    issuer=st.sampled_from([WANTED.issuer, WANTED.issuer + "/", "https://evil.example.com"]) | ODD,
    audience=st.sampled_from(["gateway", ["gateway", "x"], ["x"], "gateway2"]) | ODD,
    exp=TIMES.map(lambda each: AT + each) | ODD,
    nbf=TIMES.map(lambda each: AT + each) | ODD,
    left_out=st.sets(st.sampled_from(["iss", "aud", "exp", "sub", "nbf"]), max_size=1),
)
def test_a_token_is_let_in_if_and_only_if_all_of_it_is_right(by, kid, issuer, audience, exp, nbf, left_out):
    claims = {"iss": issuer, "aud": audience, "sub": "maria", "exp": exp, "nbf": nbf}
    claims = {name: value for name, value in claims.items() if name not in left_out}
    token = packed({"alg": ALGORITHM[by], "kid": kid}) + "." + packed(claims)
    signature = jwt.get_algorithm_by_name(ALGORITHM[by]).sign(token.encode(), PRIVATE[by])
    timely = is_time(exp) and exp + LEEWAY_S > AT and ("nbf" in left_out or (is_time(nbf) and nbf - LEEWAY_S <= AT))
    for_us = audience == "gateway" or (isinstance(audience, list) and "gateway" in audience)
    right = by == kid != "stranger" and issuer == WANTED.issuer and for_us and timely

    assert lets_in(f"{token}.{packed(signature)}") == (right and not left_out - {"nbf"})


def is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.mark.thorough
@given(data=st.data())
def test_a_token_that_was_changed_anywhere_is_not_let_in(data):
    head, body, signature = signed().split(".")
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from("AZaz09_-"))
    changed = body[:place] + other + body[place + 1 :]
    decoded = base64.urlsafe_b64decode(changed + "=" * (-len(changed) % 4))

    if decoded != base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)):
        assert not lets_in(f"{head}.{changed}.{signature}")
    assert not lets_in(f"{head}.{body}.{packed(b'x' * 256)}")
    assert not lets_in(f"{head}.{body}.")


def pem(name: str) -> bytes:
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return bytes(PRIVATE[name].public_key().public_bytes(*form))


def with_hmac(secret: bytes, **header: object) -> str:
    text = packed({"alg": "HS256", "typ": "JWT", **header}) + "." + packed(SOUND)
    return f"{text}.{packed(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def twice(claims: str) -> str:
    text = packed({"alg": "RS256", "kid": "rsa"}) + "." + packed(claims.encode())
    return f"{text}.{packed(jwt.get_algorithm_by_name('RS256').sign(text.encode(), PRIVATE['rsa']))}"


STRANGER = public("stranger")
ATTACKS = {
    "alg none": packed({"alg": "none"}) + "." + packed(SOUND) + ".",
    "alg none, kid": packed({"alg": "none", "kid": "rsa"}) + "." + packed(SOUND) + ".AAAA",
    "alg None": packed({"alg": "nOnE", "kid": "rsa"}) + "." + packed(SOUND) + ".AAAA",
    "hmac with the public key": with_hmac(pem("rsa"), kid="rsa"),
    "hmac with the key's JSON": with_hmac(json.dumps(public("rsa")).encode(), kid="rsa"),
    "hmac with nothing": with_hmac(b"", kid="rsa"),
    "hmac with /dev/null": with_hmac(b"", kid="../../../../dev/null"),
    "another key's algorithm": signed(alg="RS256", by="stranger").replace("c3RyYW5nZXI", "cnNh"),
    "its own key": signed(by="stranger", kid="rsa", jwk=STRANGER),
    "its own key without kid": jwt.encode(SOUND, PRIVATE["stranger"], "RS256", headers={"jwk": STRANGER}),
    "its own address": signed(by="stranger", kid="rsa", jku="https://evil.example.com/jwks.json"),
    "its own certificate": signed(by="stranger", kid="rsa", x5u="https://evil.example.com/c.pem", x5c=["AAAA"]),
    "kid of a stranger": signed(by="stranger"),
    "kid that injects": signed(by="stranger", kid="rsa' UNION SELECT 'x"),
    "no kid among several": jwt.encode(SOUND, PRIVATE["rsa"], "RS256"),
    "kid that is a list": packed({"alg": "RS256", "kid": ["rsa"]}) + "." + signed().partition(".")[2],
    "critical": signed(crit=["exp"]),
    "b64": packed({"alg": "RS256", "kid": "rsa", "b64": False}) + "." + signed().partition(".")[2],
    "a token for something else": signed(typ="logout+jwt"),
    "claims twice": twice('{"aud": "x", ' + json.dumps(SOUND)[1:]),
    "audience twice": twice(json.dumps(SOUND)[:-1] + ', "aud": "gateway"}'),
    "infinite": twice(json.dumps({**SOUND, "exp": 0}).replace('"exp": 0', '"exp": Infinity')),
    "endless": twice(json.dumps({**SOUND, "exp": 0}).replace('"exp": 0', '"exp": 1e999')),
    "claims that are a list": twice(json.dumps([SOUND])),
    "claims nested": twice("[" * 5000),
    "whose is it": signed({**SOUND, "sub": ""}),
    "huge": signed({**SOUND, "more": "x" * MOST_CHARS}),
    "five parts": signed() + ".AAAA.AAAA",
    "spaces": signed() + " ",
    "a line": signed() + "\n",
    "padded": "=.".join(signed().split(".")),
    "empty": "..",
    "fullwidth": signed().replace(".", "\uff0e"),
}


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_not_let_in(token):
    assert not lets_in(token)


@pytest.mark.parametrize(
    "row",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256"},
        {**public("rsa"), "use": "enc"},
        {**public("rsa"), "key_ops": ["sign"]},
        {**public("rsa"), "alg": "HS256"},
        {**public("rsa"), "alg": "none"},
        {**public("rsa"), "alg": ["RS256"]},
        {**public("ec"), "alg": "RS256"},
        {**public("ec"), "crv": "secp256k1"},
        {**public("rsa"), "d": "AAAA"},
        {**public("rsa"), "kid": 7},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA"},
        {},
        None,
        "rsa",
    ],
)
def test_a_row_of_a_key_set_that_signs_nothing_here_is_left_out(row):
    assert signing_keys([row]) == ()


def test_a_key_signs_by_the_algorithm_that_its_row_names_alone():
    only = signing_keys([public("rsa", alg="PS256")])
    with pytest.raises(TokenRefused, match="algorithm"):
        verified(signed(), only, WANTED, AT)
    ps = jwt.encode(SOUND, PRIVATE["rsa"], "PS256", headers={"kid": "rsa"})
    assert verified(ps, only, WANTED, AT)["sub"] == "maria"


def test_a_lone_key_needs_no_id_and_an_unknown_one_is_told_apart():
    without = jwt.encode(SOUND, PRIVATE["rsa"], "RS256")
    assert verified(without, signing_keys([public("rsa")]), WANTED, AT)["sub"] == "maria"
    for keys, unknown in ((KEYS, True), (signing_keys([public("rsa", kid="stranger")]), False)):
        with pytest.raises(TokenRefused) as refused:
            verified(signed(by="stranger"), keys, WANTED, AT)
        assert refused.value.unknown_key is unknown


def rules(**fields: Any) -> TokenRules:
    given: dict[str, Any] = {"team_claim": "team", "app_claim": None, "data_class_claim": None, "teams": {}}
    return TokenRules(WANTED.issuer, WANTED.audience, "https://id.example.com/jwks", None, **{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "claims", "team"),
    [
        ({}, {"team": "red"}, "red"),
        ({}, {"team": ["staff", "blue"]}, "blue"),
        ({"team_claim": "realm_access.roles"}, {"realm_access": {"roles": ["red"]}}, "red"),
        ({"team_claim": "https://x.example/team"}, {"https://x.example/team": "red"}, "red"),
        ({"teams": {"g-17": "red"}}, {"team": ["g-1", "g-17"]}, "red"),
        ({"teams": {"g-17": "red"}}, {"team": "red"}, None),
        ({}, {"team": ["red", "blue"]}, None),
        ({}, {"team": "gone"}, None),
        ({}, {"team": {"red": 1}}, None),
        ({}, {"team": None}, None),
        ({}, {}, None),
        ({"app_claim": "azp"}, {"team": "red", "azp": ["x"]}, None),
        ({"app_claim": "azp"}, {"team": "red", "azp": "a\nb"}, None),
        ({"data_class_claim": "class"}, {"team": "red", "class": "secret"}, None),
        ({"data_class_claim": "class"}, {"team": "red", "class": 3}, None),
    ],
    ids=str,
)
def test_claims_name_one_team_that_is_known(fields, claims, team):
    said = {"iss": WANTED.issuer, "sub": "maria", **claims}
    if team is not None:
        assert caller_of(said, rules(**fields), TEAMS).team.id == team
        return
    with pytest.raises(GatewayError) as refused:
        caller_of(said, rules(**fields), TEAMS)
    assert refused.value.code == "invalid_api_key"


@given(said=st.sampled_from(["public", "internal", "confidential", "regulated"]))
def test_a_claim_only_ever_raises_the_data_class(said):
    claims = {"iss": WANTED.issuer, "sub": "maria", "team": "red", "class": said, "azp": "bot"}
    caller = caller_of(claims, rules(data_class_claim="class", app_claim="azp"), TEAMS)

    assert caller.team.data_class == ("internal" if said == "public" else said)
    assert (caller.app, "maria" in caller.key_id, caller.key_id[:4]) == ("bot", False, "jwt-")


RULES = """\
teams: {red: {data_class: public}}
jwt: {issuer: "https://id.example.com", audience: gateway, team_claim: groups, %s}
"""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("jwks_url: https://id.example.com/jwks", None),
        ("jwks_url: http://127.0.0.1:9400/jwks", None),
        ("jwks_file: keys.json, teams: {g-1: red}", None),
        ("app_claim: azp", "come from one place"),
        ("jwks_url: https://id.example.com/jwks, jwks_file: keys.json", "come from one place"),
        ("jwks_url: http://id.example.com/jwks", "by https alone"),
        ("jwks_url: file:///etc/passwd", "by https alone"),
        ("jwks_url: https://me:secret@id.example.com/jwks", "by https alone"),
        ('jwks_url: "https://[::1"', "by https alone"),
        ("jwks_file: keys.json, teams: {g-1: rde}", "no team is called `rde`"),
        ("jwks_file: keys.json, secret: x", "secret"),
    ],
)
def test_rules_are_compiled_or_said_to_be_wrong(more, words):
    keyring, problems = compile_callers(parse((RULES % more).encode(), "callers.yaml"))

    assert [problem.message for problem in problems if words is None or words not in problem.message] == []
    assert bool(problems) == (words is not None)
    if words is None:
        assert keyring is not None and keyring.tokens is not None
        assert keyring.tokens.source in more
