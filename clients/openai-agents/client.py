"""OpenAI's Agents SDK: Responses by default, Chat Completions if told."""

import asyncio

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from agents import set_default_openai_client, set_tracing_disabled
from openai import AsyncOpenAI

set_default_openai_client(AsyncOpenAI(base_url="http://127.0.0.1:8080/v1", api_key="YOUR-KEY"))
set_tracing_disabled(True)  # traces go to OpenAI, whatever the address
# end
from agents import Agent, Runner, function_tool

# setting
from agents import set_default_openai_api

set_default_openai_api("chat_completions")  # or leave it out: Responses
# end
TOOLS = [function_tool(tide), function_tool(tide_tomorrow)]


async def converse(model, interface):
    set_default_openai_api(interface)
    name = "chat" if interface == "chat_completions" else interface
    agent = Agent(name="Pilot", instructions="Be brief.", model=model)
    with_tools = Agent(name="Pilot", instructions="Be brief.", model=model, tools=TOOLS)
    tell(f"whole {name}", model, (await Runner.run(agent, "When is high water?")).final_output)
    run = Runner.run_streamed(agent, "When is high water?")
    deltas = [e.data async for e in run.stream_events() if e.type == "raw_response_event"]
    tell(f"stream {name}", model, [d.delta for d in deltas if d.type == "response.output_text.delta"])
    question = "When is high water at both ports?"
    tell(f"tools {name}", model, (await Runner.run(with_tools, question)).final_output)
    run = Runner.run_streamed(with_tools, question)
    async for _ in run.stream_events():
        pass
    tell(f"tools-streamed {name}", model, run.final_output)
    run, number = Runner.run_streamed(agent, "Please count the waves"), 0
    async for _ in run.stream_events():
        number += 1
        if number == 12:
            run.cancel()
            break
    tell(f"left {name}", model, number)


async def main():
    for model in MODELS:
        await converse(model, "responses")
        await converse(model, "chat_completions")


asyncio.run(main())
