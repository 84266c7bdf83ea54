"""How vendors fail, as recorded or documented, and what that means for the request."""

import json

import pytest

from gateway.catalog.moderation import condition
from gateway.catalog.rows import ModerationSignal
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.watch import watch_for
from gateway.upstreams.failures import Failure, classify, of_fault, of_reading
from gateway.upstreams.fault import UpstreamFault


def signal(name, statuses, where, *, operators=(), outcome="filtered", retry=False):
    return ModerationSignal(
        id=name,
        vendor=name,
        operators=frozenset(operators),
        stage="any",
        statuses=frozenset(statuses),
        conditions=tuple(condition(path, wanted) for path, wanted in where.items()),
        outcome=outcome,
        retry=retry,
        confidence="high",
    )


ROWS = (
    signal("deepseek", [400], {"error.message": "Content Exists Risk"}),
    signal("dashscope", [400], {"error.code": "data_inspection_failed"}, operators=["alibaba"]),
    signal("minimax", [200, 422, 500], {"base_resp.status_code": ["1026", "1027"]}, operators=["minimax"]),
    signal("stepfun", [451], {}, operators=["stepfun"]),
    signal("openrouter", [403], {"error.metadata.flagged_input": "*"}, operators=["openrouter"]),
    signal("deepseek-busy", [200], {"error.code": "insufficient_system_resource"}, outcome="failed", retry=True),
    signal("zai-network", [200], {"choices[].finish_reason": "network_error"}, outcome="failed", retry=True),
    signal("zai-context", [200], {"choices[].finish_reason": "model_context_window_exceeded"}, outcome="failed"),
    signal("zai-sensitive", [200], {"choices[].finish_reason": "sensitive"}),
)


def kind_of(status, body, *, operator="acme", headers=()):
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    found = classify(ROWS, operator, status, raw, headers)
    return found.kind, found.outcome


def error(message="", code=None, kind=None, **more):
    return {"error": {"message": message, "code": code, "type": kind, **more}}


RECORDED = {
    # moderation: status, code and text together
    "deepseek_says_risk": (
        400,
        error("Content Exists Risk", "invalid_request_error", "invalid_request_error"),
        "deepseek",
        ("moderation", "filtered"),
    ),
    "alibaba_inspects": (
        400,
        error("Input data may contain inappropriate content.", "data_inspection_failed", "data_inspection_failed"),
        "alibaba",
        ("moderation", "filtered"),
    ),
    "stepfun_by_status_alone": (451, b"", "stepfun", ("moderation", "filtered")),
    "the_same_status_elsewhere_is_none": (451, b"", "acme", ("upstream_error", "failed")),
    "minimax_500": (500, {"base_resp": {"status_code": 1027}}, "minimax", ("moderation", "filtered")),
    "openrouter_flags": (
        403,
        error("Input was flagged", 403, metadata={"reasons": ["violence"], "flagged_input": "…"}),
        "openrouter",
        ("moderation", "filtered"),
    ),
    "an_aggregator_relays_text": (
        400,
        error(
            "Provider returned error",
            400,
            metadata={
                "raw": '{"error":{"code":"data_inspection_failed","param":null,"message":"Input data may contain'
                ' inappropriate content.","type":"data_inspection_failed"},"request_id":"0624891b"}',
                "provider_name": "Alibaba",
            },
        ),
        "openrouter",
        ("moderation", "filtered"),
    ),
    "an_aggregator_relays_an_object": (
        502,
        error(
            "Upstream error from Alibaba: Output data may contain inappropriate content.",
            502,
            metadata={"provider_name": "Alibaba", "raw": {"code": "data_inspection_failed", "param": None}},
        ),
        "openrouter",
        ("moderation", "filtered"),
    ),
    # too long for this one
    "openai_context": (
        400,
        error("This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        "openai",
        ("context", "failed"),
    ),
    "vllm_context": (
        400,
        {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
        "self",
        ("context", "failed"),
    ),
    "llama_cpp_context": (
        400,
        error("the request exceeds the available context size", 400, "exceed_context_size_error"),
        "self",
        ("context", "failed"),
    ),
    "zai_context": (400, error("Prompt exceeds max length", "1261"), "zai", ("context", "failed")),
    "anthropic_context": (
        400,
        {"type": "error", **error("prompt is too long: 210000 tokens > 200000 maximum", kind="invalid_request_error")},
        "anthropic",
        ("context", "failed"),
    ),
    # what this vendor lacks
    "openai_parameter": (
        400,
        error("Unsupported parameter: 'temperature' is not supported with this model.", "unsupported_parameter"),
        "openai",
        ("unsupported", "failed"),
    ),
    "no_tools_here": (
        400,
        error('"auto" tool choice requires --enable-auto-tool-choice', 400, "BadRequestError"),
        "self",
        ("unsupported", "failed"),
    ),
    "mistral_extra": (
        422,
        {"detail": [{"type": "extra_forbidden", "msg": "Extra inputs are not permitted", "loc": ["body", "seed"]}]},
        "mistral",
        ("unsupported", "failed"),
    ),
    # our account
    "wrong_key": (401, error("Incorrect API key provided: sk-abc"), "openai", ("our_key", "failed")),
    "google_wrong_key": (
        400,
        error("API key not valid. Please pass a valid API key.", 400, status="INVALID_ARGUMENT"),
        "google",
        ("our_key", "failed"),
    ),
    "no_balance": (402, error("Insufficient Balance"), "deepseek", ("our_balance", "failed")),
    "quota_spent": (
        429,
        error("You exceeded your current quota", "insufficient_quota"),
        "openai",
        ("our_balance", "failed"),
    ),
    "anthropic_credit": (
        400,
        error("Your credit balance is too low to access the Anthropic API.", kind="invalid_request_error"),
        "anthropic",
        ("our_balance", "failed"),
    ),
    "forbidden": (403, error("Country not supported"), "openai", ("our_key", "failed")),
    "no_such_model": (404, error("The model does not exist", "model_not_found"), "openai", ("not_found", "failed")),
    "deepseek_no_such_model": (400, error("Model Not Exist"), "deepseek", ("not_found", "failed")),
    # load
    "rate_limit": (429, error("Rate limit reached"), "openai", ("rate_limited", "failed")),
    "groq_too_large_for_the_minute": (
        413,
        error("Request too large for model on tokens per minute", "rate_limit_exceeded"),
        "groq",
        ("rate_limited", "failed"),
    ),
    "anthropic_overloaded": (529, error("Overloaded", kind="overloaded_error"), "anthropic", ("overloaded", "failed")),
    "unavailable": (503, b"<html>Service Unavailable</html>", "acme", ("overloaded", "failed")),
    "conflict": (409, b"", "acme", ("upstream_error", "failed")),
    "request_timeout": (408, b"", "acme", ("timeout", "failed")),
    "gateway_timeout": (504, b"", "acme", ("timeout", "failed")),
    "server_error": (500, error("CUDA error"), "self", ("upstream_error", "failed")),
    "a_redirect_is_not_followed": (302, b"", "acme", ("not_found", "failed")),
    "no_content": (204, b"", "acme", ("upstream_error", "failed")),
    # the request itself
    "bad_request": (400, error("messages[0].role is invalid"), "openai", ("bad_request", "failed")),
    "unprocessable": (422, error("temperature must be at most 2"), "deepseek", ("bad_request", "failed")),
    "too_large": (413, b"Payload Too Large", "acme", ("too_large", "failed")),
}


@pytest.mark.parametrize(("status", "body", "operator", "expected"), RECORDED.values(), ids=RECORDED)
def test_a_recorded_failure_is_told_apart(status, body, operator, expected):
    assert kind_of(status, body, operator=operator) == expected


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_fault_of_the_request_passes_with_the_vendors_status_message_and_field(status):
    failure = classify(ROWS, "acme", status, json.dumps(error("top_p is odd", param="top_p")).encode(), ())
    seen = failure.as_error()

    assert failure.passes_through and not failure.counts_against_endpoint
    assert (seen.status, seen.message, seen.param) == (status, "top_p is odd", "top_p")
    assert seen.code == ("request_too_large" if status == 413 else "invalid_request")


def test_a_body_without_a_reason_still_gives_one():
    assert classify(ROWS, "acme", 400, b"", ()).as_error().message == "the vendor answered 400 without a reason"


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_a_vendor_says_about_our_key_is_never_shown(status):
    body = json.dumps(error("Incorrect API key provided: sk-abc", "sk-abc", "sk-abc")).encode()

    failure = classify(ROWS, "acme", status, body, ())

    assert not failure.passes_through
    assert failure.counts_against_endpoint
    assert "sk-abc" not in repr(failure)


def test_of_a_server_error_only_its_code_is_shown():
    body = json.dumps(error("prompt was: my secret", "engine_stuck")).encode()

    assert classify(ROWS, "acme", 500, body, ()).detail == "HTTP 500: the vendor failed (engine_stuck)"


def test_a_failure_that_only_this_vendor_has_does_not_count_against_it():
    failure = classify(ROWS, "acme", 400, json.dumps(error("", "context_length_exceeded")).encode(), ())

    assert not failure.counts_against_endpoint
    assert not failure.passes_through


def test_a_rate_limit_rests_the_endpoint_for_as_long_as_it_says_or_a_second():
    said = classify(ROWS, "acme", 429, b"", [(b"retry-after", b"7")])
    unsaid = classify(ROWS, "acme", 429, b"", [])

    assert (said.retry_after_s, unsaid.retry_after_s) == (7.0, 1.0)


def test_a_fault_keeps_its_kind_and_detail():
    assert of_fault(UpstreamFault("pin", "host is not under x")) == Failure("pin", "host is not under x")


def whole(body):
    meter = WholeMeter(watch_for(ROWS, "minimax"))
    raw = json.dumps(body).encode()
    meter.feed(raw)
    return of_reading(ROWS, "minimax", meter.reading)


def streamed(*events):
    meter = StreamMeter(keep_usage=True)
    raw = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return of_reading(ROWS, "minimax", meter.reading) if meter.feed(raw) is not None else None


ANSWER = {"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}
BLANK = {"choices": [{"index": 0, "message": {"content": ""}, "finish_reason": "stop"}]}
OPENING = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
INSIDE = {
    "an_answer": (ANSWER, None),
    "a_blank": (BLANK, None),
    "an_embedding": ({"object": "list", "data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 1}}, None),
    "a_filter_that_left_a_finish_reason": (
        {"choices": [{"index": 0, "message": {"content": ""}, "finish_reason": "sensitive"}]},
        None,
    ),
    "half_an_answer_that_the_vendor_broke_off": (
        {"choices": [{"index": 0, "message": {"content": "Half an"}, "finish_reason": "network_error"}]},
        "overloaded",
    ),
    "an_answer_that_did_not_fit": (
        {"choices": [{"index": 0, "message": {"content": ""}, "finish_reason": "model_context_window_exceeded"}]},
        "context",
    ),
    "an_answer_with_a_clean_base_resp": ({**ANSWER, "base_resp": {"status_code": 0, "status_msg": ""}}, None),
    "minimax_filters_silently": ({"choices": None, "base_resp": {"status_code": 1027}}, "moderation"),
    "minimax_rate_limit": ({"choices": None, "base_resp": {"status_code": 1002}}, "rate_limited"),
    "minimax_wrong_key": ({"base_resp": {"status_code": 2049, "status_msg": "invalid api key"}}, "our_key"),
    "minimax_balance": ({"base_resp": {"status_code": 1008}}, "our_balance"),
    "minimax_context": ({"base_resp": {"status_code": 1039}}, "context"),
    "an_error_object": (error("boom"), "upstream_error"),
    "an_error_text": ({"error": "upstream connect error"}, "upstream_error"),
    "an_error_with_its_status": (error("too many requests", 429), "rate_limited"),
    "an_error_with_choices": ({**error("boom", 502), **ANSWER}, "upstream_error"),
    "a_busy_vendor": (error("try later", "insufficient_system_resource"), "overloaded"),
    "a_bad_request_inside": (error("role is odd", "x", "invalid_request_error"), "bad_request"),
    "the_same_object_as_with_400": (error("Content Exists Risk"), "moderation"),
}


@pytest.mark.parametrize(("body", "kind"), INSIDE.values(), ids=INSIDE)
def test_an_error_inside_a_200_is_found_and_an_answer_is_left_alone(body, kind):
    found = whole(body)

    assert (found and found.kind) == kind


def test_an_error_that_opens_a_stream_is_found():
    found = streamed(error("busy", 503))

    assert found is not None and found.kind == "overloaded"


def test_the_empty_opening_of_a_stream_is_no_error():
    assert streamed(OPENING) is None


def test_a_stream_that_only_said_keep_alive_is_no_error():
    assert of_reading(ROWS, "deepseek", StreamMeter(keep_usage=True).reading) is None
