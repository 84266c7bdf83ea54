"""The traces' sink: OpenTelemetry spans and metrics of every request, made after the fact, with its own times."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from requests import Session

from gateway.interfaces import INTERFACES
from gateway.outcome.spans import above, span_of, trace_of
from gateway.record.journal.entry import Entry
from gateway.record.journal.reader import Batch, Positions
from gateway.record.journal.record import Place, Tried
from gateway.record.positions import TRACES, load, save
from gateway.request import Arrival

FAULTS = frozenset({"failed", "truncated", "blank"})
Attributes = dict[str, str | bool | int | float | Sequence[str]]


class TracesSink:
    """Exports to the collector that OTEL_* names; sampled as OTEL_TRACES_SAMPLER says."""

    name = "traces"

    def __init__(self, state_dir: Path):
        self.kept: Positions | None = None
        self._path = state_dir / TRACES
        resource = Resource.create({"service.name": "entrepot", "service.instance.id": uuid.uuid4().hex})
        self._names = _Names()
        self._spans = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=self._names)
        self._spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=_session())))
        self._tracer = self._spans.get_tracer("gateway")
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(session=_session()))
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        meter = self._metrics.get_meter("gateway")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s")
        self._usage = meter.create_histogram("gen_ai.client.token.usage", "{token}")
        self._first_token = meter.create_histogram("gen_ai.server.time_to_first_token", "s")

    def open(self) -> Positions:
        """See Sink."""
        if self.kept is None:
            self.kept = load(self._path)
        return self.kept

    def take(self, batch: Batch, positions: Positions) -> None:
        """See Sink: of callers' requests, not of what was asked beside them."""
        for entry in batch.entries:
            if entry.record.beside:
                continue
            self._trace(entry)
            for attempt in entry.record.attempts:
                self._measure(entry, attempt)
        self.kept = positions
        save(self._path, positions)

    def rest(self, at: float) -> None:
        """See Sink."""

    def close(self) -> None:
        """See Sink: sends what waits."""
        self._spans.shutdown()
        self._metrics.shutdown()

    def _trace(self, entry: Entry) -> None:
        record = entry.record
        arrival = Arrival(record.request_id, record.at, record.started, traceparent=record.traceparent)
        self._names.trace, self._names.span = trace_of(arrival), span_of(arrival)
        request = self._tracer.start_span(
            f"{_operation(entry)} {record.model}",
            context=_context(arrival),
            kind=SpanKind.SERVER,
            attributes=_of_request(entry),
            start_time=_nanoseconds(record.at),
        )
        inside = trace.set_span_in_context(request)
        for attempt in record.attempts:
            began = record.at + attempt.started - record.started
            self._names.span = span_of(arrival, attempt=attempt.started)
            span = self._tracer.start_span(
                f"{_operation(entry)} {entry.place(attempt).upstream_model}",
                context=inside,
                kind=SpanKind.CLIENT,
                attributes=_of_attempt(entry, attempt),
                start_time=_nanoseconds(began),
            )
            if attempt.outcome in FAULTS:
                span.set_status(Status(StatusCode.ERROR, attempt.failure or attempt.outcome))
            span.end(_nanoseconds(began + attempt.total_s))
        if record.outcome in FAULTS:
            request.set_status(Status(StatusCode.ERROR, record.outcome))
        request.end(_nanoseconds(record.ended_at))

    def _measure(self, entry: Entry, attempt: Tried) -> None:
        labels = _genai(_operation(entry), entry.place(attempt))
        if attempt.outcome in FAULTS:
            self._duration.record(attempt.total_s, labels | {"error.type": attempt.failure or attempt.outcome})
        else:
            self._duration.record(attempt.total_s, labels)
        self._usage.record(attempt.tokens.input_tokens, labels | {"gen_ai.token.type": "input"})
        self._usage.record(attempt.tokens.output_tokens, labels | {"gen_ai.token.type": "output"})
        if attempt.first_byte_s is not None:
            self._first_token.record(attempt.first_byte_s, labels)


def _session() -> Session:
    """To the collector that was named and nowhere else: no proxy of the environment, no redirect, no .netrc."""
    session = Session()
    session.trust_env = False
    session.max_redirects = 0
    return session


class _Names(IdGenerator):
    """Those that own machines were told; set before a span is started, in the one thread that does."""

    trace = span = 0

    def generate_span_id(self) -> int:
        return self.span

    def generate_trace_id(self) -> int:
        return self.trace


def _context(arrival: Arrival) -> Context | None:
    """Under the caller's span, if it sent one."""
    caller = above(arrival)
    if caller is None:
        return None
    given = SpanContext(caller.trace, caller.span, is_remote=True, trace_flags=TraceFlags(caller.flags))
    return trace.set_span_in_context(NonRecordingSpan(given))


def _of_request(entry: Entry) -> Attributes:
    record, served = entry.record, entry.served_by
    attributes: Attributes = {
        "gen_ai.operation.name": _operation(entry),
        "gen_ai.request.model": record.model,
        "gateway.request_id": record.request_id,
        "gateway.team": record.team,
        "gateway.outcome": record.outcome,
        "gateway.attempts": len(record.attempts),
        "gateway.cost_usd": format(Decimal(record.cost_usd), "f"),
        "gateway.overhead_s": record.overhead_s,
    }
    if record.app is not None:
        attributes["gateway.app"] = record.app
    if record.decided is not None and entry.terms is not None:
        attributes |= {"gateway.route": record.decided.route, "gateway.policy_version": entry.terms.version}
    if record.denied_by is not None:
        attributes["gateway.denied_by"] = record.denied_by
    if served is not None:
        place = entry.place(served)
        attributes |= {"gateway.endpoint": place.endpoint, "gen_ai.response.model": place.model}
    return attributes


def _of_attempt(entry: Entry, attempt: Tried) -> Attributes:
    place, usage = entry.place(attempt), attempt.tokens
    attributes = _genai(_operation(entry), place) | {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gateway.endpoint": place.endpoint,
        "gateway.hosting": place.hosting,
        "gateway.exposure": [country for country in place.exposure if country != "unknown"],
        "gateway.purpose": attempt.purpose,
        "gateway.outcome": attempt.outcome,
        "gateway.cost_usd": format(Decimal(attempt.cost_usd), "f"),
    }
    if attempt.finish_reason is not None:
        attributes["gen_ai.response.finish_reasons"] = [attempt.finish_reason]
    if place.origin is not None:
        attributes["gateway.origin"] = place.origin
    if attempt.outcome in FAULTS:
        attributes["error.type"] = attempt.failure or attempt.outcome
    return attributes


def _genai(operation: str, place: Place) -> Attributes:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": place.operator,
        "gen_ai.request.model": place.upstream_model,
        "gen_ai.response.model": place.model,
    }


def _operation(entry: Entry) -> str:
    interface = INTERFACES.get(entry.record.kind)
    return interface.operation if interface else "chat"


def _nanoseconds(at: float) -> int:
    return round(at * 1e9)
