"""LiteLLM's guardrails: what blocks by kinds of personal data becomes a guard; what masks or runs code is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.importing.draft import Draft, unique, word
from gateway.source.peer import Path

_PII = {
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip_address",
    "US_SSN": "national_id",
    "UK_NINO": "national_id",
    "ES_NIF": "national_id",
    "IT_FISCAL_CODE": "national_id",
    "PL_PESEL": "national_id",
    "SG_NRIC_FIN": "national_id",
    "AU_TFN": "national_id",
    "IN_AADHAAR": "national_id",
    "FI_PERSONAL_IDENTITY_CODE": "national_id",
}
_PASTE = "`{name: personal-data-stays-home, when: {pii: [email, phone]}, only: {hosting: self}}`"


def guardrails(draft: Draft, data: Mapping[str, Any]) -> None:
    """Each is a guard, or lost; one without `default_on` ran only if a request named it."""
    given = data.get("guardrails")
    for number, entry in enumerate(given if isinstance(given, list) else ()):
        path: Path = ("guardrails", number)
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        if not isinstance(params, dict):
            draft.findings.tell("error", path, "a guardrail without `litellm_params`: left out")
            continue
        name = word(str(entry.get("guardrail_name") or "guardrail"))
        if params.get("default_on") is not True:
            draft.findings.tell(
                "not_carried", path, f"`{name}`: without `default_on` it ran only where a request or a key named it"
            )
        elif params.get("guardrail") == "presidio" and isinstance(params.get("pii_entities_config"), dict):
            _presidio(draft, path, name, params["pii_entities_config"])
        else:
            words = (
                f"`{name}`: looked at texts by a service or code of its own; nothing does so here: guards "
                "are told by signals (`pii`, `topic`, `data_class`)"
            )
            draft.findings.tell("lost", path, words)
    if given is not None and not isinstance(given, list):
        draft.findings.tell(
            "lost",
            ("guardrails",),
            "this form of guardrails is not read: guards are told by signals (`pii`, `topic`, `data_class`)",
        )


def _presidio(draft: Draft, path: Path, name: str, entities: Mapping[str, Any]) -> None:
    under: Path = (*path, "litellm_params", "pii_entities_config")
    blocked = [kind for kind, action in entities.items() if str(action).upper() == "BLOCK"]
    known = sorted({_PII[kind] for kind in blocked if kind in _PII})
    masked = [kind for kind in entities if kind not in blocked]
    if known:
        taken = {str(guard["name"]) for guard in draft.guards}
        why = "LiteLLM's guardrail stopped requests with such personal data"
        draft.guards.append(
            {"name": unique(name, taken), "why": why, "when": {"pii": known}, "never": {"hosting": ["self", "hosted"]}}
        )
        words = (
            f"the guard `{name}` is stricter than before: an image, a sound or a file may hold such data, "
            "`pii` is then unknown and the request is refused; narrow it if these are needed"
        )
        draft.findings.tell("lost", path, words)
        draft.cases.append(
            {"note": f"{name} stops it, as before", "given": {"pii": known}, "expect": {"refused": True}}
        )
    unknown = [kind for kind in blocked if kind not in _PII]
    if unknown:
        draft.findings.tell(
            "lost",
            under,
            (
                f"{', '.join(map(_plain, unknown))}: stopped a request there; no signal here tells them: "
                "a data class must say so"
            ),
        )
    if masked:
        words = (
            f"{', '.join(map(_plain, masked))}: were masked before a text left; **nothing is masked "
            f"here**. Ready to paste: {_PASTE}; names of persons are not detected at all"
        )
        draft.findings.tell("lost", (*under, masked[0]), words)
    draft.findings.carried(path)


def _plain(kind: str) -> str:
    return word(str(kind), 40)
