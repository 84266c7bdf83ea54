"""How vendors say why they failed, as rows: status, error code, text. The first row that fits names the kind.

* our_key, our_balance, not_found: our key or our catalogue is at fault; next endpoint, the vendor's text is never shown
* context, unsupported: this vendor cannot, another may; next endpoint
* rate_limited, overloaded, timeout, upstream_error: next endpoint
* bad_tool_call: the model wrote a tool call that nobody can read; next endpoint, else the caller gets the message
* bad_request, too_large: every vendor would say so; the caller gets status and message
"""

from __future__ import annotations

from gateway.upstreams.complaint import Complaint
from gateway.upstreams.failure_row import ANY, MINIMAX, REQUEST, TOO_LONG, Row, row

ROWS: tuple[Row, ...] = (
    row("rate_limited", ANY, MINIMAX, vendor="MiniMax", codes="1002 1041 2045"),
    row("our_key", ANY, MINIMAX, vendor="MiniMax", codes="1004 2049"),
    row("our_balance", ANY, MINIMAX, vendor="MiniMax", codes="1008 2056"),
    row("timeout", ANY, MINIMAX, vendor="MiniMax", codes="1001"),
    row("context", ANY, MINIMAX, vendor="MiniMax", codes="1039"),
    row("upstream_error", ANY, MINIMAX, vendor="MiniMax", codes="1000 1024 1033"),
    # Whatever stands in `code`: these mean something else there than elsewhere.
    row(
        "rate_limited",
        frozenset({429}),
        "alibabacloud.com/help/model-studio/error-code: tokens a minute; an empty account says Arrearage",
        vendor="DashScope",
        codes="insufficient_quota",
        operators="alibaba-qwen",
    ),
    row(
        "rate_limited",
        frozenset({429}),
        "whatever the code says: words about a minute are a limit, not an empty account",
        texts=r"""
            (tokens|requests|queries) per (second|minute|hour|day)
            \b(TPM|RPM|QPS)\b
        """,
    ),
    row("our_balance", ANY, "xfyun.cn/doc/spark error codes", vendor="iFlytek", codes="11200", operators="iflytek"),
    row(
        "rate_limited",
        ANY,
        "xfyun.cn/doc/spark error codes",
        vendor="iFlytek",
        codes="11201 11202 11203",
        operators="iflytek",
    ),
    row("context", ANY, "xfyun.cn/doc/spark error codes", vendor="iFlytek", codes="10907", operators="iflytek"),
    row("overloaded", ANY, "xfyun.cn/doc/spark error codes", vendor="iFlytek", codes="10110", operators="iflytek"),
    row("overloaded", ANY, "groq-python ChatCompletionChunk: x_groq.error", vendor="Groq", texts="^over_capacity$"),
    row(
        "bad_tool_call",
        frozenset({400, 422}),
        "pydantic-ai#1233 and #2774; opencode#1018; console.groq.com/docs/errors",
        vendor="Groq, Together, Fireworks",
        codes="tool_use_failed json_validate_failed output_parse_failed tool_call_validation_failed",
        texts="failed to (call a function|parse tool call|validate json)",
    ),
    # Our account. Google answers 400 to a wrong key; Moonshot and Z.ai 429 to an empty account; Anthropic 400.
    row(
        "our_key",
        REQUEST,
        "ai.google.dev errors; developers.openai.com error codes",
        codes="API_KEY_INVALID invalid_api_key InvalidApiKey",
        texts=r"""
            \bapi key (not valid|expired)
            location is not supported
            (incorrect|invalid) api[ _-]?(key|token)
        """,
    ),
    row(
        "our_balance",
        frozenset({400, 402, 403, 412, 429, 500}),
        "developers.openai.com, platform.kimi.ai, docs.z.ai/api-reference/api-code, "
        "help.aliyun.com/model-studio/error-code and platform.claude.com on errors",
        vendor="OpenAI, Moonshot, Z.ai, DashScope, Anthropic",
        codes="insufficient_quota exceeded_current_quota_error Arrearage 1113 billing_error "
        "AllocationQuota.FreeTierOnly AccessDenied.Unpurchased FAILED_PRECONDITION",
        texts=r"""
            specified api usage limits
            credit balance is too low
            insufficient (account )?balance
            overdue-payment
        """,
    ),
    row(
        "our_balance",
        ANY,
        "volcengine.com/docs/82379/1299023; novita.ai docs; siliconflow 30001; new-api relays; cloud.tencent.com",
        vendor="Ark, Novita, SiliconFlow, new-api, Tencent",
        codes="AccountOverdueError NOT_ENOUGH_BALANCE insufficient_user_quota pre_consume_token_quota_failed "
        "insufficient_balance FailedOperation.ServiceStopArrears",
    ),
    row(
        "our_balance",
        frozenset({400, 402, 403, 412, 429, 500}),
        "pollinations#12136; amd/gaia#3766; theopenco/llmgateway#3838; recorded: xAI, DeepInfra, SiliconFlow",
        vendor="Fireworks, xAI, DeepInfra, OpenRouter, SiliconFlow",
        texts=r"""
            overdue balance
            balance is (insufficient|not enough|too low)
            (not enough|insufficient|no|any|out of) (available )?(credits?|balance|funds)\b
            (spending|credit) limit
            failure to pay
            add (a )?(payment method|credits|funds)
            余额不足|欠费|额度(已用尽|不足)
        """,
    ),
    # DeepSeek answers 400 to an unknown model, Z.ai 1211
    row(
        "not_found",
        REQUEST,
        "docs.z.ai/api-reference/api-code; recorded: DeepSeek, OpenAI",
        codes="model_not_found 1211 InvalidEndpointOrModel.NotFound ModelNotFound",
        texts=r"""
            ^model not exist$
            \bmodel_not_found\b
            is not a valid model id
        """,
    ),
    # Too long for this one. Groq counts it against the minute's tokens and says 413; llama.cpp has said 500.
    row("rate_limited", frozenset({413}), "console.groq.com/docs/errors", codes="rate_limit_exceeded"),
    row(
        "context",
        REQUEST | {500},
        "llama.cpp#15780 and #19774",
        codes="exceed_context_size_error",
        texts="^context size has been exceeded",
    ),
    row(
        "context",
        TOO_LONG,
        "docs.together.ai/docs/error-codes; recorded: OpenAI, vLLM, xAI, Groq, Anthropic, Bedrock, Moonshot "
        "(kimi-cli#2011), Google, Together, Cohere, TGI; help.aliyun.com/model-studio/error-code; docs.z.ai api-code",
        codes="context_length_exceeded model_context_window_exceeded string_above_max_length 1261 "
        "context_window_exceeded input_length_too_long",
        texts=r"""
            maximum (context|prompt) length
            context (length|size|window)
            reduce the length of the messages
            prompt is too long
            input is too long
            exceeded model token limit
            range of input length should be
            exceeds? the maximum number of tokens
            (input|prompt).{0,60}longer than the model
            too many tokens
            max_new_tokens.{0,20}must be <=
            length of prompt_tokens .{0,20}must be less than
            max_seq_len
            maximum model length
            (prompt|input|message|request)s?( is| are)? too long
            (prompt|input)( text)? tokens too long
            input (token )?(length|count).{0,40}exceeds?
            total tokens .{0,30}exceed
            tokens? .{0,40}exceeds? .{0,40}(limit|maximum|length|window) .{0,10}\d
            tokens?.{0,40}exceeds the limit of \d+
            max_tokens must be at least 1, got -
            (输入|上下文|提示|prompt).{0,12}(长度|tokens?).{0,12}(超过|超出|过长|超限)
            (超过|超出).{0,12}(最大|上下文|模型).{0,8}(长度|限制)
        """,
    ),
    row("bad_request", ANY, MINIMAX, vendor="MiniMax", codes="1042 2013"),  # 2013 with any wrong parameter
    # What this vendor or model lacks
    row(
        "unsupported",
        REQUEST | {500},
        "llama.cpp tools/server: without a projector it answers 500",
        texts="(image|audio) input is not supported",
    ),
    row(
        "unsupported",
        REQUEST,
        "recorded: OpenAI, Mistral and Anthropic (pydantic), vLLM, DeepSeek; help.aliyun.com/model-studio/error-code",
        codes="unsupported_parameter unsupported_value unknown_parameter",
        texts=r"""
            (is|are) not (yet )?supported (by|with|for|on|in) (this|the|our)\b
            does(n't| not) support
            unrecognized request argument
            extra inputs are not permitted
            unsupported parameter
            unknown parameter
            requires --enable-auto-tool-choice
            is not a multimodal model
            response_format type is unavailable
        """,
    ),
    row(
        "overloaded",
        ANY,
        "platform.claude.com and platform.kimi.ai on errors; docs.bigmodel.cn/cn/faq/api-code; "
        "inference-docs.cerebras.ai; volcengine.com/docs/82379/1299023; docs.aws.amazon.com InvokeModel",
        vendor="Anthropic, Moonshot, Z.ai, Cerebras, Ark, Bedrock",
        codes="overloaded_error engine_overloaded_error 1305 1312 queue_exceeded ServerOverloaded "
        "ServiceUnavailableException ModelNotReadyException capacity_exceeded",
    ),
    row(
        "overloaded",
        frozenset({400, 429, 498, 500, 502, 503, 529}),
        "recorded: SGLang, DeepInfra, SiliconFlow, Hugging Face TGI, Google",
        vendor="SGLang, DeepInfra, SiliconFlow, TGI, Google",
        texts=r"""
            queue is full
            (model|server|engine|service) (is )?(currently )?(busy|overloaded)
        """,
    ),
    row(
        "rate_limited",
        ANY,
        "developers.openai.com, platform.claude.com and platform.kimi.ai on errors; docs.z.ai/api-reference/api-code; "
        "docs.aws.amazon.com; ai.google.dev; help.aliyun.com/model-studio/error-code",
        vendor="OpenAI, Anthropic, Moonshot, Z.ai, Bedrock, Google, DashScope",
        codes="rate_limit_exceeded rate_limit_error rate_limit_reached_error 1302 ThrottlingException "
        "RESOURCE_EXHAUSTED Throttling Throttling.RateQuota Throttling.AllocationQuota limit_requests",
    ),
    row(
        "our_key",
        ANY,
        "platform.claude.com on errors; developers.openai.com error codes",
        codes="authentication_error invalid_api_key permission_error AuthenticationError "
        "unsupported_country_region_territory",
    ),
    row("bad_request", REQUEST, "developers.openai.com error codes", codes="invalid_request_error"),
)

_BY_STATUS = {
    400: "bad_request",
    401: "our_key",
    402: "our_balance",
    403: "our_key",
    404: "not_found",
    408: "timeout",
    410: "not_found",
    413: "too_large",
    422: "bad_request",
    429: "rate_limited",
    498: "overloaded",  # Groq: no capacity for the flex tier
    503: "overloaded",
    504: "timeout",
    524: "timeout",  # Cloudflare: the vendor behind it did not answer
    529: "overloaded",  # Anthropic
}


def row_of(status: int | None, complaint: Complaint, operator: str) -> str | None:
    """The kind of the first row that fits; None if the status has to tell. `status` None: an error inside a 200."""
    for each in ROWS:
        if each.statuses and status is not None and status not in each.statuses:
            continue
        if each.operators and operator not in each.operators:
            continue
        if each.codes & complaint.codes or complaint.own_code in each.own_codes:
            return each.kind
        if any(text.search(complaint.message) for text in each.texts):
            return each.kind
    return None


def by_status(status: int) -> str:
    """The kind of a status that no row explains; a redirect, never followed: the catalogue's address is wrong."""
    if 300 <= status < 400:
        return "not_found"
    return _BY_STATUS.get(status, "upstream_error")
