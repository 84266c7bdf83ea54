"""LiteLLM's SDK: its `openai/`, `anthropic/` and `litellm_proxy/` providers, and Google's shape of a request."""

import asyncio
import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the internet for prices
import litellm

from telling import MODELS, tell, tide, tide_tomorrow

litellm.suppress_debug_info = True
# setting
OPENAI = {"api_base": "http://127.0.0.1:8080/v1", "api_key": "YOUR-KEY"}  # model="openai/auto", "litellm_proxy/auto"
ANTHROPIC = {"api_base": "http://127.0.0.1:8080", "api_key": "YOUR-KEY"}  # model="anthropic/auto"
# end
TOOLS = {"tide": tide, "tide_tomorrow": tide_tomorrow}
PARAMETERS = {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]}
OFFERED = [
    {"type": "function", "function": {"name": name, "description": tool.__doc__, "parameters": PARAMETERS}}
    for name, tool in TOOLS.items()
]


def user(text):
    return {"role": "user", "content": text}


def chat(provider, model, where):
    asked = {"model": f"{provider}/{model}", "max_tokens": 99, **where}
    made = litellm.completion(messages=[user("When is high water?")], **asked)
    tell(f"whole {provider}", model, made.choices[0].message.content)
    stream = litellm.completion(messages=[user("When is high water?")], stream=True, **asked)
    tell(f"stream {provider}", model, [d for c in stream if (d := c.choices[0].delta.content)])
    tell(f"tools {provider}", model, loop(asked, False))
    tell(f"tools-streamed {provider}", model, loop(asked, True))
    stream = litellm.completion(messages=[user("Please count the waves")], stream=True, **asked)
    for number, _ in enumerate(stream):
        if number == 5:
            break
    stream.completion_stream.close()
    tell(f"left {provider}", model, number)


def loop(asked, stream):
    messages = [user("When is high water at both ports?")]
    while True:
        made = litellm.completion(messages=messages, tools=OFFERED, stream=stream, **asked)
        message = (litellm.stream_chunk_builder(list(made), messages=messages) if stream else made).choices[0].message
        if not message.tool_calls:
            return message.content
        messages.append(message)
        for call in message.tool_calls:
            said = TOOLS[call.function.name](**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": said})


def responses(model):
    made = litellm.responses(model=f"openai/{model}", input="When is high water?", **OPENAI)
    tell("whole responses", model, made.output_text)


def gemini(model):
    """What google-genai's callers write."""
    from litellm.google_genai import agenerate_content_stream, generate_content

    asked = {"model": f"openai/{model}", "contents": [{"role": "user", "parts": [{"text": "When is high water?"}]}]}
    made = generate_content(**asked, **OPENAI)
    made = made if isinstance(made, dict) else made.model_dump()
    tell("whole google-genai", model, made["candidates"][0]["content"]["parts"][0]["text"])

    async def streamed():
        return [text async for text in texts(await agenerate_content_stream(**asked, **OPENAI))]

    tell("stream google-genai", model, asyncio.run(streamed()))


async def texts(stream):
    async for chunk in stream:
        if isinstance(chunk, bytes):
            chunk = json.loads(chunk.decode().partition("data: ")[2] or "{}")
        for candidate in chunk.get("candidates", []):
            for part in candidate.get("content", {}).get("parts", []):
                if part.get("text"):
                    yield part["text"]


for model in MODELS:
    chat("openai", model, OPENAI)
    chat("litellm_proxy", model, OPENAI)
    chat("anthropic", model, ANTHROPIC)
    responses(model)
    gemini(model)
