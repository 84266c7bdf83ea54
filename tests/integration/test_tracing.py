"""Spans and metrics as a real OTLP/HTTP receiver decodes them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.demo import stage
from gateway.demo.vendors import process
from gateway.record.journal.reader import Batch
from gateway.record.tracing import TracesSink
from tests.running import Start
from tests.unit.record.build import GLM, QWEN, attempt, decision, denied, entries, outcome, request

pytestmark = pytest.mark.services


@dataclass
class Collector:
    """What arrived."""

    url: str
    spans: list[Span] = field(default_factory=list)
    metrics: dict[str, int] = field(default_factory=dict)  # observations by name


@contextmanager
def collecting() -> Iterator[Collector]:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    collector.spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            else:
                for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                        collector.metrics[metric.name] = sum(point.count for point in metric.histogram.data_points)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def exported(monkeypatch: pytest.MonkeyPatch, *outcomes: Any, **environment: str) -> Collector:
    with collecting() as collector, tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        traces = TracesSink(Path(folder))
        traces.open()
        traces.take(Batch(entries(*outcomes)), {})
        traces.close()
    return collector


def attributes(span: Span) -> dict[str, Any]:
    def value(given: Any) -> Any:
        kind = given.WhichOneof("value")
        return [value(item) for item in given.array_value.values] if kind == "array_value" else getattr(given, kind)

    return {pair.key: value(pair.value) for pair in span.attributes}


def test_a_request_is_a_server_span_with_a_client_span_for_each_attempt(monkeypatch: pytest.MonkeyPatch):
    rerouted = outcome(
        attempt(GLM, outcome="declined", started=0.01, total_s=0.2),
        attempt(QWEN, started=0.25, total_s=0.5),
        decision=decision(),
    )

    collector = exported(monkeypatch, rerouted)

    server = next(span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER)
    clients = sorted(
        (s for s in collector.spans if s.kind == Span.SPAN_KIND_CLIENT), key=lambda s: s.start_time_unix_nano
    )
    start = 1_763_800_000_000_000_000
    assert [(s.name, s.parent_span_id == server.span_id, s.trace_id == server.trace_id) for s in clients] == [
        ("chat glm", True, True),
        ("chat qwen3", True, True),
    ]
    begun_and_ended = [(s.start_time_unix_nano - start, s.end_time_unix_nano - start) for s in clients]
    assert [(round(begun / 1e6), round(ended / 1e6)) for begun, ended in begun_and_ended] == [(10, 210), (250, 750)]
    assert (server.name, round((server.end_time_unix_nano - start) / 1e6)) == ("chat auto", 910)


def test_an_attempt_carries_the_genai_names(monkeypatch: pytest.MonkeyPatch):
    collector = exported(monkeypatch, outcome())

    client = next(span for span in collector.spans if span.kind == Span.SPAN_KIND_CLIENT)
    assert attributes(client) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "self",
        "gen_ai.request.model": "qwen3",
        "gen_ai.response.model": "qwen3",
        "gen_ai.usage.input_tokens": 900,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.response.finish_reasons": ["stop"],
        "gateway.endpoint": "qwen3@self",
        "gateway.hosting": "self",
        "gateway.exposure": ["DE"],
        "gateway.origin": "CN",
        "gateway.purpose": "serve",
        "gateway.outcome": "answered",
        "gateway.cost_usd": "0.00031",
    }


def test_a_denied_request_is_a_span_that_names_its_guard(monkeypatch: pytest.MonkeyPatch):
    collector = exported(monkeypatch, denied("home-only", request=request(kind="embedding")))

    (span,) = collector.spans
    assert attributes(span) == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.request.model": "auto",
        "gateway.request_id": "r1",
        "gateway.team": "research",
        "gateway.app": "bot",
        "gateway.route": "rest",
        "gateway.policy_version": decision().policy.version,
        "gateway.outcome": "denied",
        "gateway.denied_by": "home-only",
        "gateway.attempts": 0,
        "gateway.cost_usd": "0",
        "gateway.overhead_s": 0.0004,
    }


def test_a_failure_is_an_error_of_its_kind(monkeypatch: pytest.MonkeyPatch):
    collector = exported(monkeypatch, outcome(attempt(outcome="failed", failure="timeout")))

    errors = {(span.kind, span.status.message) for span in collector.spans}
    assert errors == {(Span.SPAN_KIND_SERVER, "failed"), (Span.SPAN_KIND_CLIENT, "timeout")}


def test_sampling_drops_spans_and_never_metrics(monkeypatch: pytest.MonkeyPatch):
    collector = exported(monkeypatch, outcome(), outcome(), OTEL_TRACES_SAMPLER="always_off")

    assert collector.spans == []
    assert collector.metrics == {
        "gen_ai.client.operation.duration": 2,
        "gen_ai.client.token.usage": 4,
        "gen_ai.server.time_to_first_token": 2,
    }


def test_a_gateway_that_is_told_of_a_collector_sends_its_spans(
    vendors: process.Vendors, gateway: Start, tmp_path: Path
):
    keys = stage.fresh_keys()
    urls = {"self": vendors.base_urls["simulated-us"], **vendors.base_urls}
    stage.write_folder(tmp_path / "policies", urls=urls, keys=keys)
    asked = {"model": "auto", "messages": [{"role": "user", "content": "Why do ships float?"}]}

    with collecting() as collector:
        running = gateway(tmp_path / "policies", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
        authorization = {"authorization": f"Bearer {keys['demo']}"}
        status, headers, _ = running.ask("POST", "/v1/chat/completions", asked, headers=authorization)
        running.stop()

    (server,) = (span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER)
    told = attributes(server)
    assert status == 200
    assert (told["gateway.request_id"], told["gateway.endpoint"], told["gateway.team"]) == (
        headers["x-request-id"],
        headers["x-gateway-endpoint"],
        "demo",
    )
    assert collector.metrics["gen_ai.client.operation.duration"] == int(headers["x-gateway-attempts"])


def test_own_machines_are_told_whose_span_theirs_belongs_under(
    vendors: process.Vendors, gateway: Start, tmp_path: Path
):
    keys = stage.fresh_keys()
    with collecting() as collector, noting() as (own, seen):
        stage.write_folder(
            tmp_path / "policies", urls={**vendors.base_urls, "self": own, "simulated-us": own}, keys=keys
        )
        running = gateway(tmp_path / "policies", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
        sent = {"authorization": f"Bearer {keys['demo']}", "traceparent": f"00-{'0af7' * 8}-{'b7ad' * 4}-01"}
        for model in ("smollm2-135m@self", "simulated-deepseek@simulated-us"):
            chat = {"model": model, "messages": [{"role": "user", "content": "Why do ships float?"}]}
            running.ask("POST", "/v1/chat/completions", chat, headers=sent)
        assert running.counts("gateway_requests_total", 2)
        page = running.ask_control(
            "GET", "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
        )[2]
        running.stop()

    times = [line for line in page.decode().splitlines() if line.startswith("gateway_request_seconds_bucket{")]
    assert any(f'# {{trace_id="{"0af7" * 8}"}}' in line for line in times)
    servers = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    clients = {attributes(s)["gateway.endpoint"]: s for s in collector.spans if s.kind == Span.SPAN_KIND_CLIENT}
    assert {(s.trace_id.hex(), s.parent_span_id.hex()) for s in servers} == {("0af7" * 8, "b7ad" * 4)}
    assert seen == [f"00-{'0af7' * 8}-{clients['smollm2-135m@self'].span_id.hex()}-01", None]


@contextmanager
def noting() -> Iterator[tuple[str, list[str | None]]]:
    """The address of a machine that fails, and the `traceparent` of each request it got."""
    seen: list[str | None] = []

    class Machine(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            seen.append(self.headers["traceparent"])
            self.send_response(400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Machine)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("gateway.data_plane.worker", "opentelemetry"),
        ("gateway.control.process", "opentelemetry.sdk"),  # FastAPI itself imports the API where it is installed
    ],
)
def test_nothing_of_it_is_imported_where_nothing_collects(module, library):
    program = f"import sys, {module}; sys.exit('{library}' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
