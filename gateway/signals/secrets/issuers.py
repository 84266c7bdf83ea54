"""Credentials that say who gave them out: the formats that issuers document, as one table of our own.

Prefixes and lengths are the issuers' public ones (their documentation, and what they register with code hosts' secret
scanning). A row is a prefix in lower case, by which it is looked for, and an expression that begins with it.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from typing import Final

from gateway.signals.secrets.shape import is_drawn

_B: Final = "[A-Za-z0-9]"
_U: Final = "[A-Za-z0-9_-]"
_HEX: Final = "[0-9a-f]"


@dataclass(frozen=True, slots=True)
class Issuer:
    """One format of one issuer."""

    kind: str
    prefix: str  # as it begins, letters as they are
    rest: str  # a regular expression of what follows
    shortest: int  # characters of the rest, below which it is but a part of one


@cache
def issuers() -> tuple[Issuer, ...]:
    """Every row, longer prefixes before shorter ones that they begin with."""
    rows = [Issuer(kind, prefix, rest, shortest) for kind, rest, shortest, prefixes in _ROWS for prefix in prefixes]
    return tuple(sorted(rows, key=lambda row: -len(row.prefix)))


# kind, what follows the prefix, its shortest length, prefixes
_ROWS: Final = (
    ("api_key", f"{_U}{{40,60}}", 40, ("gw-",)),  # this gateway's own: `gateway keys new`
    ("api_key", "[A-Z0-9]{16}", 16, ("AKIA", "ASIA", "ABIA", "ACCA")),  # Amazon Web Services
    ("api_key", f"{_U}{{100,300}}+", 100, ("ABSK",)),  # Amazon Bedrock
    ("api_key", f"{_U}{{35}}", 35, ("AIza",)),  # Google
    ("api_key", f"{_U}{{24,40}}", 24, ("GOCSPX-",)),
    ("token", f"{_U}{{30,300}}+", 30, ("ya29.",)),
    ("api_key", f"{_U}{{20,300}}+", 20, ("sk-",)),  # OpenAI, DeepSeek, Moonshot, DashScope and all that copy them
    (
        "api_key",  # OpenAI, Anthropic, OpenRouter, Langfuse
        f"{_U}{{16,300}}+",
        16,
        ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-ant-", "sk-or-v1-", "sk-lf-", "sk-kimi-", "sk-None-"),
    ),
    ("api_key", f"{_B}{{20,300}}+", 20, ("gsk_", "r8_", "fw_", "fpk_", "csk-", "tgp_v1_", "pplx-", "xai-", "dop_v1_")),
    ("token", f"{_B}{{30,300}}+", 30, ("hf_", "api_org_")),  # Hugging Face
    ("api_key", f"{_U}{{40,300}}+", 40, ("nvapi-", "jina_", "pa-", "tvly-prod-", "tvly-dev-", "lsv2_pt_", "lsv2_sk_")),
    ("api_key", f"{_U}{{20,300}}+", 20, ("tvly-", "voyage-", "phx_", "ntn_", "sq0csp-", "ctx7sk-")),
    ("token", f"{_B}{{36,300}}+", 36, ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),  # GitHub
    ("token", "[A-Za-z0-9_]{59,300}+", 59, ("github_pat_",)),
    (
        "token",  # GitLab
        f"{_U}{{20,300}}+",
        20,
        ("glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glsoat-", "glcbt-", "glimt-", "glagent-", "gloas-"),
    ),
    ("token", "[A-Za-z0-9-]{10,300}+", 10, ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xapp-", "xoxe.xox")),
    ("api_key", f"{_B}{{16,300}}+", 16, ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_")),  # Stripe
    ("api_key", f"{_U}{{22}}\\.{_U}{{43}}", 66, ("SG.",)),  # SendGrid
    ("api_key", f"{_HEX}{{32}}", 32, ("SK",)),  # Twilio
    ("api_key", f"{_HEX}{{64}}", 64, ("xkeysib-", "xsmtpsib-")),  # Brevo
    ("api_key", f"{_HEX}{{32,300}}+", 32, ("key-", "shpat_", "shpss_", "shpca_", "shppa_", "PMAK-", "NRAK-")),
    ("api_key", "[A-Z0-9]{27}", 27, ("NRAK-",)),  # New Relic
    ("api_key", f"{_U}{{60}}", 60, ("sq0atp-", "EAAA")),  # Square
    ("token", f"{_B}{{36}}", 36, ("npm_",)),
    ("token", f"{_U}{{50,300}}+", 50, ("pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw")),
    ("token", f"{_B}{{32,300}}+", 32, ("dckr_pat_", "dckr_oat_", "rubygems_", "sntrys_", "sntryu_")),
    ("token", f"{_U}{{24,300}}+", 24, ("hvs.", "hvb.", "dp.pt.", "dp.st.", "atlasv1.", "oy2", "lin_api_", "figd_")),
    (
        "token",
        f"{_B}{{32,300}}+",
        32,
        ("doo_v1_", "dor_v1_", "ATATT3xFfGF0", "glsa_", "glc_", "eyJrIjoi", "pul-", "sbp_"),
    ),
    ("token", "T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,32}", 36, ("hooks.slack.com/services/",)),
    ("token", f"[0-9]{{15,20}}/{_U}{{60,80}}", 76, ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/")),
    ("api_key", "[0-9A-Z]{51}", 51, ("AGE-SECRET-KEY-1",)),
)


@cache
def _patterns() -> dict[str, tuple[tuple[str, str, re.Pattern[str], int], ...]]:
    found: dict[str, tuple[tuple[str, str, re.Pattern[str], int], ...]] = {}
    for row in issuers():
        pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(row.prefix)}({row.rest})(?![A-Za-z0-9])")
        found[row.prefix.lower()] = (
            *found.get(row.prefix.lower(), ()),
            (row.kind, row.prefix, pattern, row.shortest),
        )
    return found


def prefixes() -> tuple[str, ...]:
    """Of all rows, in lower case."""
    return tuple(_patterns())


def at(text: str, start: int, prefix: str, known: Container[str] = ()) -> tuple[str, int] | None:
    """The kind and the end of the credential that begins there, if one does whose kind is not known."""
    for kind, _, pattern, _ in _patterns()[prefix]:
        match = None if kind in known else pattern.match(text, start)
        if match and is_drawn(match[1]):
            return kind, match.end()
    return None


_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}")


def begun(text: str, start: int, prefix: str) -> str | None:
    """What stands there, if it begins as one does and is too short for one: the rest may be somewhere else."""
    if start and text[start - 1].isalnum():
        return None
    word = _WORD.match(text, start)
    if word is None:
        return None
    for _, written, _, shortest in _patterns()[prefix]:
        rest = word[0][len(written) :].rstrip(".-")
        if word[0].startswith(written) and len(written) + len(rest) >= FEWEST and len(rest) < shortest:
            return written + rest
    return None


FEWEST: Final = 6  # characters of a part that is worth completing
