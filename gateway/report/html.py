"""Pages by Jinja2's templates, beside this file: whatever they are given is escaped, unless it is Markup of ours."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.report.style import STYLE


def rendered(template: str, **given: object) -> Markup:
    """One self-contained page, or a piece of one: no script, nothing from elsewhere."""
    return Markup(_environment().get_template(template).render(style=Markup(STYLE), **given))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("gateway.report"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
