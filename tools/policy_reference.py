"""Writes the reference part of policies/README.md from the tables that the compiler reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gateway.catalog.auxiliary_shapes import CapShape, CeilingsShape, EndpointLimitsShape, ParametersShape
from gateway.catalog.facts import Catalog
from gateway.catalog.table import FACTS, Fact
from gateway.identity import AppShape, BudgetShape, CallersFile, KeyShape, RateShape, TeamShape
from gateway.policy.authoring import defaults
from gateway.policy.authoring.shapes import (
    CacheShape,
    CanaryShape,
    ExpectShape,
    GuardShape,
    HoldShape,
    LimitsShape,
    OnRefusalShape,
    PolicyBudgetShape,
    PolicyFile,
    ProbeShape,
    RouteShape,
    ShareShape,
    StopShape,
)
from gateway.policy.ranking import ANSWER_TOKENS
from gateway.signals.table import SIGNALS, Signal
from gateway.source import Shape

README = Path(__file__).parent.parent / "policies" / "README.md"
START, END = "<!-- reference: made by tools/policy_reference.py -->", "<!-- end of the reference -->"
SHOWN = 12  # choices that a table names
FILES: tuple[tuple[str, Sequence[type[Shape]]], ...] = (
    ("policy.yaml", (PolicyFile, GuardShape, RouteShape, LimitsShape, OnRefusalShape, HoldShape)),
    ("policy.yaml, and endpoints of the catalogue: parameters", (ParametersShape, CapShape)),
    ("policy.yaml: what is tried and measured besides", (CanaryShape, StopShape, ShareShape, ProbeShape)),
    ("policy.yaml: answers that are kept", (CacheShape,)),
    ("policy.yaml: what may be spent", (PolicyBudgetShape,)),
    ("callers.yaml", (CallersFile, TeamShape, BudgetShape, AppShape, RateShape, KeyShape)),
    ("catalog/*.yaml: how much an endpoint is asked", (CeilingsShape, EndpointLimitsShape)),
    ("cases/*.yaml", (ExpectShape,)),
)


def reference() -> str:
    """Markdown."""
    lines = [
        "### Signals: what a `when` may mention",
        "",
        *_table(("signal", "what it is", "values"), map(_signal, SIGNALS.values())),
    ]
    lines += ["", "### Facts: what `only`, `never` and `{any: …}` may mention", ""]
    lines += _table(("fact", "of", "what it is", "values"), map(_fact, FACTS.values()))
    for title, shapes in FILES:
        lines += ["", f"### {title}", ""]
        for shape in shapes:
            summary = (shape.__doc__ or "").strip().split("\n")[0]
            lines += [f"**{summary}**", "", *_table(("field", "what it is"), _fields(shape)), ""]
    lines += ["### What holds where nothing is said", "", *_table(("", "value"), _defaults())]
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def _signal(row: Signal) -> Sequence[str]:
    named = {"team": "a team of callers.yaml", "app": "an app of callers.yaml", "tag": "a tag of callers.yaml"}
    named |= {"residency": "`any`, or a set", "model": "a model, an endpoint, an alias; `*` globs"}
    named |= {"source": "a set of paths and addresses; `*` and `**` globs"}
    return f"`{row.name}`", row.description, named.get(row.name) or _values(row.form, row.words)


def _fact(row: Fact) -> Sequence[str]:
    words = row.words(Catalog({}, {}, {}, {})) if row.words else None
    values = _values(row.form, words)
    if row.has_only:
        values += "; only `{has: …}`"
    if not row.in_guards:
        values += "; only in `{any: …}`"
    return f"`{row.name}`", row.of, row.description, values


def _values(form: str, words: Sequence[str] | None) -> str:
    if form == "bool":
        return "`true`, `false`"
    if form == "number":
        return "a number"
    if not words:
        return "as in the catalogue"
    if len(words) > SHOWN:
        return "ISO 3166 country codes" if "FR" in words else "ISO 639-1 codes, `other`"
    sign = " < " if form == "ordered" else ", "
    ordered = [word for word in words if word != "default"]
    text = sign.join(f"`{word}`" for word in ordered) + (", or `default`" if "default" in words else "")
    return f"a set of {text}" if form == "set" else text


def _fields(shape: type[Shape]) -> Iterable[Sequence[str]]:
    for name, field in shape.model_fields.items():
        if name != "at":
            yield f"`{field.alias or name}`", field.description or _summary(field.annotation)


def _summary(annotation: object) -> str:
    shapes = [kind for kind in getattr(annotation, "__args__", (annotation,)) if isinstance(kind, type)]
    return next((str(kind.__doc__).strip() for kind in shapes if issubclass(kind, Shape)), "")


def _defaults() -> Iterable[Sequence[str]]:
    yield "`order`", f"`{defaults.ORDER}`; `price` reckons with an answer of {ANSWER_TOKENS:g} tokens from every model"
    yield "`affinity`", "`conversation`"
    yield (
        "`limits`",
        f"`first_byte_s: {defaults.FIRST_BYTE_S}`, `total_s: {defaults.TOTAL_S}`, `attempts: {defaults.ATTEMPTS}`",
    )
    yield "`on_refusal.reroute`", ", ".join(f"`{word}`" for word in defaults.REROUTE)
    yield "`on_refusal.except`", ", ".join(f"`{word}`" for word in sorted(defaults.EXCEPT))
    yield "`on_refusal.prefer`", f"`{defaults.PREFER}`"
    yield (
        "`on_refusal.hold`",
        f"`chars: {defaults.HOLD_CHARS}`, `seconds: {defaults.HOLD_SECONDS}`, `thinking_s: {defaults.THINKING_S}`",
    )
    yield "`on_refusal.hops`", f"`{defaults.HOPS}`"


def written(text: str) -> str:
    """The guide with its reference made anew."""
    before, _, rest = text.partition(START)
    return f"{before}{START}\n\n{reference()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
