"""LangChain's ChatAnthropic."""

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from langchain_anthropic import ChatAnthropic


def connected(model="auto"):
    return ChatAnthropic(model=model, base_url="http://127.0.0.1:8080", api_key="YOUR-KEY", max_tokens=999)


# end
TOOLS = {"tide": tool(tide), "tide_tomorrow": tool(tide_tomorrow)}


class Tide(BaseModel):
    """When high water is."""

    port: str
    hour: int


def said(message):
    return message.text if isinstance(message.text, str) else message.text()


def converse(model, chat):
    tell("whole", model, said(chat.invoke("When is high water?")))
    tell("stream", model, [t for c in chat.stream("When is high water?") if (t := said(c))])
    bound = chat.bind_tools(list(TOOLS.values()))
    tell("tools", model, loop(bound.invoke))
    tell("tools-streamed", model, loop(lambda messages: whole(bound.stream(messages))))
    stream = chat.stream("Please count the waves")
    for number, _ in enumerate(stream):
        if number == 8:
            break
    stream.close()
    tell("left", model, number)
    tell("structured", model, chat.with_structured_output(Tide).invoke("When?").model_dump())


def whole(chunks):
    made = next(chunks)
    for chunk in chunks:
        made += chunk
    return made


def loop(ask):
    messages = [HumanMessage("When is high water at both ports?")]
    while True:
        message = ask(messages)
        messages.append(message)
        if not message.tool_calls:
            return said(message)
        messages += [ToolMessage(TOOLS[c["name"]].invoke(c["args"]), tool_call_id=c["id"]) for c in message.tool_calls]


for model in MODELS:
    converse(model, connected(model))
