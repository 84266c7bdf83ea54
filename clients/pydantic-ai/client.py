"""pydantic-ai: Responses is its default for OpenAI; Chat Completions and Anthropic's Messages."""

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

openai = OpenAIProvider(
    base_url="http://127.0.0.1:8080/v1", api_key="YOUR-KEY"
)  # OpenAIResponsesModel("auto", provider=openai)
# end
# setting
from anthropic import AsyncAnthropic
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

claude = AsyncAnthropic(base_url="http://127.0.0.1:8080", api_key="YOUR-KEY")
anthropic = AnthropicProvider(anthropic_client=claude)  # AnthropicModel("auto", provider=anthropic)
# end


class Tide(BaseModel):
    port: str
    hour: int


async def converse(name, model, made):
    agent = Agent(made, instructions="Be brief.")
    with_tools = Agent(made, tools=[tide, tide_tomorrow])
    tell(f"whole {name}", model, (await agent.run("When is high water?")).output)
    async with agent.run_stream("When is high water?") as run:
        tell(f"stream {name}", model, [piece async for piece in run.stream_text(delta=True, debounce_by=None)])
    question = "When is high water at both ports?"
    tell(f"tools {name}", model, (await with_tools.run(question)).output)
    async with with_tools.run_stream(question) as run:
        tell(f"tools-streamed {name}", model, await run.get_output())
    tell(f"structured {name}", model, (await Agent(made, output_type=Tide).run("When?")).output.model_dump())
    async with agent.run_stream("Please count the waves") as run:
        number = 0
        async for _ in run.stream_text(delta=True, debounce_by=None):
            number += 1
            if number == 5:
                break
    tell(f"left {name}", model, number)


async def main():
    for model in MODELS:
        await converse("responses", model, OpenAIResponsesModel(model, provider=openai))
        await converse("chat", model, OpenAIChatModel(model, provider=openai))
        await converse("messages", model, AnthropicModel(model, provider=anthropic))


asyncio.run(main())
