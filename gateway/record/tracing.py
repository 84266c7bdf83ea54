"""OpenTelemetry spans and metrics of every Outcome, made after the fact in a thread. Imported only if OTEL_* asks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

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

from gateway.outcome.outcome import Attempt, Outcome
from gateway.outcome.spans import above, span_of, trace_of
from gateway.record.drain import Drain
from gateway.request import Arrival

FAULTS = frozenset({"failed", "truncated", "blank"})
Attributes = dict[str, str | bool | int | float | Sequence[str]]


class Tracing:
    """Exports to the collector that OTEL_* names; sampled as OTEL_TRACES_SAMPLER says."""

    def __init__(self, *, dropped: Callable[[], None]):
        resource = Resource.create({"service.name": "entrepot", "service.instance.id": uuid.uuid4().hex})
        self._names = _Names()
        self._spans = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=self._names)
        self._spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._spans.get_tracer("gateway")
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        meter = self._metrics.get_meter("gateway")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s")
        self._usage = meter.create_histogram("gen_ai.client.token.usage", "{token}")
        self._first_token = meter.create_histogram("gen_ai.server.time_to_first_token", "s")
        self._dropped = dropped
        self._drain = Drain("tracing", self._export)

    def finish(self, outcome: Outcome) -> None:
        """The sink."""
        if not self._drain.put(outcome):
            self._dropped()

    def close(self) -> None:
        """Sends what waits."""
        self._drain.close()
        self._spans.shutdown()
        self._metrics.shutdown()

    def _export(self, batch: Sequence[Outcome]) -> None:
        for outcome in batch:
            self._trace(outcome)
            for attempt in outcome.attempts:
                self._measure(outcome, attempt)

    def _trace(self, outcome: Outcome) -> None:
        arrival = outcome.request.arrival
        self._names.trace, self._names.span = trace_of(arrival), span_of(arrival)
        request = self._tracer.start_span(
            f"{_operation(outcome)} {outcome.request.model}",
            context=_context(arrival),
            kind=SpanKind.SERVER,
            attributes=_of_request(outcome),
            start_time=_nanoseconds(arrival.received_at),
        )
        inside = trace.set_span_in_context(request)
        for attempt in outcome.attempts:
            began = arrival.received_at + attempt.started - arrival.started
            self._names.span = span_of(arrival, attempt=attempt.started)
            span = self._tracer.start_span(
                f"{_operation(outcome)} {attempt.endpoint.upstream_model}",
                context=inside,
                kind=SpanKind.CLIENT,
                attributes=_of_attempt(outcome, attempt),
                start_time=_nanoseconds(began),
            )
            if attempt.outcome in FAULTS:
                span.set_status(Status(StatusCode.ERROR, attempt.failure or attempt.outcome))
            span.end(_nanoseconds(began + attempt.total_s))
        if outcome.result in FAULTS:
            request.set_status(Status(StatusCode.ERROR, outcome.result))
        request.end(_nanoseconds(outcome.ended_at))

    def _measure(self, outcome: Outcome, attempt: Attempt) -> None:
        labels = _genai(_operation(outcome), attempt)
        if attempt.outcome in FAULTS:
            self._duration.record(attempt.total_s, labels | {"error.type": attempt.failure or attempt.outcome})
        else:
            self._duration.record(attempt.total_s, labels)
        self._usage.record(attempt.usage.input_tokens, labels | {"gen_ai.token.type": "input"})
        self._usage.record(attempt.usage.output_tokens, labels | {"gen_ai.token.type": "output"})
        if attempt.first_byte_s is not None:
            self._first_token.record(attempt.first_byte_s, labels)


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


def _of_request(outcome: Outcome) -> Attributes:
    request, decision, served = outcome.request, outcome.decision, outcome.served_by
    attributes: Attributes = {
        "gen_ai.operation.name": _operation(outcome),
        "gen_ai.request.model": request.model,
        "gateway.request_id": request.id,
        "gateway.team": outcome.caller.team.id,
        "gateway.outcome": outcome.result,
        "gateway.attempts": len(outcome.attempts),
        "gateway.cost_usd": format(outcome.cost_usd, "f"),
        "gateway.overhead_s": outcome.overhead_s,
    }
    if outcome.caller.app is not None:
        attributes["gateway.app"] = outcome.caller.app
    if decision is not None:
        attributes |= {"gateway.route": decision.route.name, "gateway.policy_version": decision.policy.version}
    if outcome.denied_by is not None:
        attributes["gateway.denied_by"] = outcome.denied_by
    if served is not None:
        attributes |= {"gateway.endpoint": served.endpoint.id, "gen_ai.response.model": served.endpoint.model.id}
    return attributes


def _of_attempt(outcome: Outcome, attempt: Attempt) -> Attributes:
    endpoint, usage = attempt.endpoint, attempt.usage
    attributes = _genai(_operation(outcome), attempt) | {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gateway.endpoint": endpoint.id,
        "gateway.hosting": endpoint.hosting,
        "gateway.exposure": sorted(endpoint.exposure.known),
        "gateway.purpose": attempt.purpose,
        "gateway.outcome": attempt.outcome,
        "gateway.cost_usd": format(attempt.cost_usd, "f"),
    }
    if attempt.finish_reason is not None:
        attributes["gen_ai.response.finish_reasons"] = [attempt.finish_reason]
    if endpoint.model.origin is not None:
        attributes["gateway.origin"] = endpoint.model.origin
    if attempt.outcome in FAULTS:
        attributes["error.type"] = attempt.failure or attempt.outcome
    return attributes


def _genai(operation: str, attempt: Attempt) -> Attributes:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": attempt.endpoint.operator.id,
        "gen_ai.request.model": attempt.endpoint.upstream_model,
        "gen_ai.response.model": attempt.endpoint.model.id,
    }


def _operation(outcome: Outcome) -> str:
    return outcome.request.interface.operation


def _nanoseconds(at: float) -> int:
    return round(at * 1e9)
