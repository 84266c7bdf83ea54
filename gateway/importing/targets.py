"""One thing that a peer asks, and the key that it asks with."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.importing.draft import Draft, word
from gateway.importing.keys import Key, variable_for
from gateway.importing.shipped import Row
from gateway.source.peer import Path


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that a peer asks, as the peer's own rules read it."""

    path: Path
    called: str  # by what name it is told
    provider: str
    name: str  # what the vendor calls it
    base: str
    key: Key
    api: str = "openai"
    region: str | None = None  # of a cloud: the label in the endpoint's id
    weights: str | None = None  # said to be behind a deployment name
    facts: Row = field(default_factory=dict)  # of the model, for one that the catalogue does not know
    said: Row = field(default_factory=dict)  # the same without what a name alone suggests
    prices: tuple[Row, ...] = ()
    price_key: str | None = None
    parameters: Row = field(default_factory=dict)  # what its requests are given and relieved of
    literal_env: str | None = None  # the variable for a key that stands in clear


def hosted_key(draft: Draft, target: Target, usual: object) -> str | None:
    """The variable of a key for somebody else's door; what that changes is told."""
    key, path = target.key, (*target.path, "api_key")
    if key.form == "absent":
        return str(usual) if usual else variable_for(f"{target.provider.upper()}_API_KEY".replace("-", "_"))
    if key.variable is not None:
        if key.form == "unexpanded":
            words = f"the peer does not expand this form and sent it as it stands; written as `key_env: {key.key_env}`"
            draft.findings.tell("assumed", path, words)
        if key.key_env != key.variable:
            draft.findings.say(
                "keys", key.variable, f"is `{key.key_env}` here: only `*_API_KEY` and `GATEWAY_KEY_*` are read"
            )
        return key.key_env
    made = target.literal_env or variable_for(
        f"GATEWAY_KEY_{word(target.called).upper()}".replace("-", "_").replace(".", "_")
    )
    words = f"a key in clear: not copied; put it into `{made}` and take it out of the file, whose history has it"
    draft.findings.tell("keys", path, words)
    return made


def label(target: Target) -> str | None:
    """What tells an endpoint apart whose key stands in clear."""
    literal = target.key.form in ("literal", "placeholder") and target.literal_env is None
    return word(target.called).lower() if literal else None


def model_row(target: Target, id: str, lab: str, note: str) -> Row:
    """Of weights that the catalogue does not know."""
    return {"id": id, "lab": lab, **target.facts, "note": note}
