"""The closed set of what says nothing: names of fields, and values that choose among a dialect's own words. Pure.

Whatever of a body is not among them is read like any other text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_FIELDS: Final = """
model models messages prompt input system instructions suffix documents stream stream_options n best_of max_tokens
max_completion_tokens max_output_tokens min_tokens tools tool_choice functions function_call response_format logprobs
top_logprobs reasoning reasoning_effort thinking thinking_budget enable_thinking include_reasoning store
previous_response_id conversation container prompt_cache_key prompt_cache_retention safety_identifier metadata user
temperature top_p top_k min_p typical_p frequency_penalty presence_penalty repetition_penalty logit_bias seed stop
stop_sequences stop_token_ids ignore_eos skip_special_tokens echo modalities audio prediction parallel_tool_calls
service_tier text truncation include background verbosity encoding_format dimensions input_type output_config
output_format context_management betas chat_template chat_template_kwargs add_generation_prompt
continue_final_message guided_json guided_regex guided_choice guided_grammar mirostat keep_alive options
extra_body prompt_embeds web_search_options max_tool_calls enable_search search_options cache_control template
size quality style background moderation output_compression partial_images voice speed stream_format file language
timestamp_granularities chunking_strategy query top_n return_documents max_chunks_per_doc max_tokens_per_doc priority
"""
_PARTS: Final = """
role content name type text id index function arguments input output tool_calls tool_call_id tool_use_id call_id
is_error refusal reasoning reasoning_content reasoning_details thinking signature data source title context citations
media_type url detail format image_url input_audio file file_id file_data filename image_file video_url audio partial
prefix summary encrypted_content status annotations logprobs weight cache_control namespace phase description
"""
NAMES: Final = frozenset((_FIELDS + _PARTS).split())  # as keys they say nothing
ROLES: Final = frozenset("system developer user assistant tool function".split())

_STATUSES: Final = frozenset("in_progress completed incomplete".split())
WORDS: Final[Mapping[str, frozenset[str]]] = {  # of a field: the words that it may hold
    "role": ROLES,
    "service_tier": frozenset("auto default flex priority scale standard standard_only batch".split()),
    "reasoning_effort": frozenset("none minimal low medium high xhigh max".split()),
    "effort": frozenset("none minimal low medium high xhigh max".split()),
    "verbosity": frozenset("low medium high max".split()),
    "encoding_format": frozenset("float base64 int8 uint8 binary ubinary".split()),
    "truncation": frozenset("auto disabled".split()),
    "size": frozenset("auto 256x256 512x512 1024x1024 1024x1536 1536x1024 1024x1792 1792x1024".split()),
    "quality": frozenset("auto low medium high standard hd".split()),
    "style": frozenset("vivid natural".split()),
    "background": frozenset("auto transparent opaque".split()),
    "moderation": frozenset("auto low".split()),
    "output_format": frozenset("png jpeg webp mp3 opus aac flac wav pcm".split()),
    "response_format": frozenset("url b64_json json text srt verbose_json vtt mp3 opus aac flac wav pcm".split()),
    "stream_format": frozenset("sse audio".split()),
    "timestamp_granularities": frozenset("word segment".split()),
    "timestamp_granularities[]": frozenset("word segment".split()),
    "voice": frozenset("alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()),
    "tool_choice": frozenset("auto none required any".split()),
    "function_call": frozenset("auto none".split()),
    "modalities": frozenset("text audio image".split()),
    "include": frozenset(("reasoning.encrypted_content", "message.output_text.logprobs")),
    "prompt_cache_retention": frozenset(("in-memory", "in_memory", "24h")),
    "input_type": frozenset("query document passage search_query search_document classification clustering".split()),
    "status": _STATUSES,
    "summary": frozenset("auto concise detailed none".split()),
    "generate_summary": frozenset("auto concise detailed".split()),
    "ttl": frozenset(("5m", "1h")),
    "media_type": frozenset(("text/plain", "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp")),
    "type": frozenset(
        """
        text message function custom json_object ephemeral enabled disabled adaptive input_text output_text
        tool_use tool_result content base64 url file thinking reasoning refusal document reasoning_text summary_text
        function_call function_call_output custom_tool_call custom_tool_call_output auto any tool none
        """.split()
    ),
}
_FLAGS: Final = frozenset("include_usage include_obfuscation continuous_usage_stats".split())
_INSIDE: Final[Mapping[str, frozenset[str]]] = {  # of a field that holds an object: its known names
    "stream_options": _FLAGS,
    "thinking": frozenset("type budget_tokens display".split()),
    "reasoning": frozenset("effort summary generate_summary max_tokens enabled exclude".split()),
    "cache_control": frozenset("type ttl".split()),
    "tool_choice": frozenset(("type", "disable_parallel_tool_use")),
    "text": frozenset("format verbosity type".split()),
    "response_format": frozenset(("type",)),
    "output_config": frozenset("effort format type".split()),
    "output_format": frozenset(("type",)),
    "format": frozenset(("type",)),
}
_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/=]{64,}")  # of what only the vendor that wrote it can read; a key is shorter
_MANY_DIGITS: Final = re.compile(r"[0-9]{12}")
SEEDS: Final = 2**32  # that samplers know
FEWEST_DIGITS: Final = 7  # of a number that could be somebody's
_BIAS: Final = re.compile(r"[0-9]{1,6}")  # a token's id


def says_nothing(name: str, value: object) -> bool:
    """Whether the value of a field of this name chooses among known words, or is a flag or a small number."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        if name == "seed":
            return isinstance(value, int) and 0 <= value < SEEDS
        return abs(value) < 10 ** (FEWEST_DIGITS - 1) and len(str(value)) <= 2 * FEWEST_DIGITS
    if isinstance(value, str):
        return not value or value in WORDS.get(name, ()) or (name == "signature" and _is_opaque(value))
    if isinstance(value, list):
        return all(isinstance(item, str) and item in WORDS.get(name, ()) for item in value)
    if not isinstance(value, dict):
        return False
    if name == "logit_bias":
        return all(_BIAS.fullmatch(key) and says_nothing("", bias) for key, bias in value.items())
    known = _INSIDE.get(name, ())
    return all(key in known and says_nothing(key, inner) for key, inner in value.items())


def _is_opaque(text: str) -> bool:
    return bool(_OPAQUE.fullmatch(text)) and not _MANY_DIGITS.search(text)
