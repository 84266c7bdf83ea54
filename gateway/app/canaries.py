"""Tells of canaries that have stopped by themselves: a gauge, and a log line when it happens."""

from __future__ import annotations

import logging

from gateway.pipeline import Gateway
from gateway.policy.canary import stopped
from gateway.record.metrics import Metrics
from gateway.record.tally import Gauges

_log = logging.getLogger("gateway")


def tell_stopped(gateway: Gateway, metrics: Metrics) -> None:
    """Sets the gauge for the routes of the policy that serves; those of an earlier one are taken out."""
    before = {labels for labels, value in metrics.canary_stopped.items() if value}
    told: Gauges = {}
    for route in gateway.policy.routes:
        if route.canary is None:
            continue
        name, endpoint, stop = route.name, route.canary.endpoint.id, stopped(route, gateway.estimates())
        told[name, endpoint] = float(stop is not None)
        if stop is not None and (name, endpoint) not in before:
            _log.warning("the canary %s of route `%s` has stopped: %s", endpoint, name, stop)
    for labels in metrics.canary_stopped.keys() - told.keys():
        del metrics.canary_stopped[labels]
    metrics.canary_stopped.update(told)
