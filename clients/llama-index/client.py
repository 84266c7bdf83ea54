"""LlamaIndex's OpenAILike."""

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from llama_index.llms.openai_like import OpenAILike


def connected(model="auto"):
    where = {"api_base": "http://127.0.0.1:8080/v1", "api_key": "YOUR-KEY"}
    return OpenAILike(model=model, is_chat_model=True, is_function_calling_model=True, **where)


# end
TOOLS = {"tide": tide, "tide_tomorrow": tide_tomorrow}


def converse(model, llm):
    tell("whole", model, llm.chat([ChatMessage("When is high water?")]).message.content)
    tell("stream", model, [c.delta for c in llm.stream_chat([ChatMessage("When is high water?")]) if c.delta])
    tell("tools", model, loop(llm))
    stream = llm.stream_chat([ChatMessage("Please count the waves")])
    for number, _ in enumerate(stream):
        if number == 5:
            break
    stream.close()
    tell("left", model, number)


def loop(llm):
    tools = [FunctionTool.from_defaults(tool) for tool in TOOLS.values()]
    history = [ChatMessage("When is high water at both ports?")]
    while True:
        made = llm.chat_with_tools(tools, chat_history=history, allow_parallel_tool_calls=True)
        calls = llm.get_tool_calls_from_response(made, error_on_no_tool_call=False)
        if not calls:
            return made.message.content
        history.append(made.message)
        for call in calls:
            more = {"tool_call_id": call.tool_id}
            said = TOOLS[call.tool_name](**call.tool_kwargs)
            history.append(ChatMessage(role="tool", content=said, additional_kwargs=more))


for model in MODELS:
    converse(model, connected(model))
