"""LangChain's ChatOpenAI, by Chat Completions and by Responses."""

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from langchain_openai import ChatOpenAI


def connected(model="auto", **more):  # use_responses_api=True: by Responses
    return ChatOpenAI(model=model, base_url="http://127.0.0.1:8080/v1", api_key="YOUR-KEY", **more)


# end
# setting
from langchain_openai import OpenAIEmbeddings

embeddings = OpenAIEmbeddings(
    model="embedder",
    base_url="http://127.0.0.1:8080/v1",
    api_key="YOUR-KEY",
    check_embedding_ctx_length=False,  # texts instead of token ids of OpenAI's own models
)
# end
TOOLS = {"tide": tool(tide), "tide_tomorrow": tool(tide_tomorrow)}


class Tide(BaseModel):
    """When high water is."""

    port: str
    hour: int


def said(message):
    return message.text if isinstance(message.text, str) else message.text()


def converse(name, model, chat):
    tell(f"whole {name}", model, said(chat.invoke("When is high water?")))
    tell(f"stream {name}", model, [t for c in chat.stream("When is high water?") if (t := said(c))])
    bound = chat.bind_tools(list(TOOLS.values()))
    tell(f"tools {name}", model, loop(bound.invoke))
    tell(f"tools-streamed {name}", model, loop(lambda messages: whole(bound.stream(messages))))
    stream = chat.stream("Please count the waves")
    for number, _ in enumerate(stream):
        if number == 8:
            break
    stream.close()
    tell(f"left {name}", model, number)
    tell(f"structured {name}", model, chat.with_structured_output(Tide).invoke("When?").model_dump())


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
    converse("chat", model, connected(model))
    converse("responses", model, connected(model, use_responses_api=True))
tell("embedding", "embedder", embeddings.embed_query("Tide"))
