"""What a translator may know of an endpoint: by the catalogue, and what is usual where that is not known."""

from __future__ import annotations

from gateway.catalog.facts import Endpoint
from gateway.upstreams.translate.spec import Upstream

_OPENAIS = frozenset({"openai", "microsoft", "azure-foundry"})  # whose Chat knows `developer`


def limit_field(endpoint: Endpoint) -> str:
    """What its Chat calls the bound on output."""
    usual = "max_completion_tokens" if _is_openais(endpoint) or endpoint.hosting == "self" else "max_tokens"
    return endpoint.takes.limit_field or usual


def upstream_facts(endpoint: Endpoint, *, strict: bool) -> Upstream:
    """What it can, and what it `takes`."""
    return Upstream(
        can=endpoint.can,
        max_output_tokens=endpoint.model.output_limit,
        limit_field=limit_field(endpoint),
        developer_role=_is_openais(endpoint),
        custom_tools=endpoint.takes.custom_tools is not False and not _functions_alone(endpoint),
        vendor=endpoint.operator.id,
        strict=strict,
    )


def _is_openais(endpoint: Endpoint) -> bool:
    return endpoint.operator.id in _OPENAIS or endpoint.api == "azure"


def _functions_alone(endpoint: Endpoint) -> bool:
    return endpoint.adapted or endpoint.api == "anthropic"
