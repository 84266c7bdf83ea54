"""DSPy: predictions, an agent with tools, a stream."""

import asyncio

import dspy

from telling import MODELS, tell, tide


def connected(model="auto"):
    # setting
    lm = dspy.LM(f"openai/{model}", api_base="http://127.0.0.1:8080/v1", api_key="YOUR-KEY", cache=False)
    # end
    return lm


async def main():
    for model in MODELS:
        with dspy.context(lm=connected(model)):
            tell("whole", model, dspy.Predict("question -> answer")(question="When is high water?").answer)
            react = dspy.ReAct("question -> answer", tools=[tide])
            tell("tool", model, react(question="When is high water at Whitby?").answer)
            listen = [dspy.streaming.StreamListener(signature_field_name="answer")]
            ask = dspy.streamify(dspy.Predict("question -> answer"), stream_listeners=listen)
            pieces = [part async for part in ask(question="When is high water?")]
            tell("stream", model, [part.chunk for part in pieces if isinstance(part, dspy.streaming.StreamResponse)])


asyncio.run(main())
