"""What a usage costs, as the row that `gateway catalog price` prints. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage, cost
from gateway.catalog.show import price_row
from gateway.errors import GatewayError, nearest

_COUNTS = tuple(name for name in Usage.__struct_fields__ if name != "estimated")


def quote(endpoint: Endpoint, usage: Mapping[str, int | str], *, at: float) -> dict[str, Any]:
    """`cost_usd` is a decimal string, null if the price is unknown. Raises GatewayError for a count of another name."""
    counts: dict[str, Any] = {name: count for name, count in usage.items() if name != "estimated"}
    for name in counts:
        if name not in _COUNTS:
            raise GatewayError(
                "invalid_request", f"no count is called `{name}`; {nearest(name, _COUNTS)}", param="usage"
            )
    found = cost(endpoint.prices, Usage(**counts), at=at)
    return {
        "endpoint": endpoint.id,
        "at": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        "usage": counts,
        "cost_usd": f"{found[0].normalize():f}" if found else None,
        "price": price_row(found[1]) if found else None,
    }
