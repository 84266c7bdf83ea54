"""GET /metrics: the Prometheus page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from gateway.control import auth
from gateway.control.state import State

router = APIRouter()


@router.get("/metrics", response_class=Response, tags=["metrics"])
def metrics(request: Request) -> Response:
    """Of all workers, in Prometheus' text format or OpenMetrics, as `Accept` says.

    Needs GATEWAY_METRICS_TOKEN; without one only on loopback.
    """
    state: State = request.app.state.control
    auth.check_metrics(request, state)
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(state.registry), media_type=kind)
