"""GET /metrics: the Prometheus page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control import auth

router = APIRouter()


@router.get("/metrics", response_class=Response, tags=["metrics"])
def metrics(request: Request) -> Response:
    """Of all workers, for Prometheus. Needs GATEWAY_METRICS_TOKEN; without one only on loopback."""
    state = request.app.state.control
    auth.check_metrics(request, state)
    return Response(state.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
