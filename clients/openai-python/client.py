"""OpenAI's SDK for Python."""

import json

import openai

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="YOUR-KEY")
# end
TOOLS = {"tide": tide, "tide_tomorrow": tide_tomorrow}
PARAMETERS = {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]}
FUNCTIONS = [{"name": name, "description": tool.__doc__, "parameters": PARAMETERS} for name, tool in TOOLS.items()]
client = client.with_options(max_retries=0)


def user(text):
    return {"role": "user", "content": text}


def chat(model):
    made = client.chat.completions.create(model=model, messages=[user("When is high water?")])
    tell("whole chat", model, made.choices[0].message.content)
    stream = client.chat.completions.create(
        model=model, messages=[user("When is high water?")], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[-1].usage.total_tokens == 20
    tell("stream chat", model, [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content])
    tell("tools chat", model, chat_tools(model, whole))
    tell("tools-streamed chat", model, chat_tools(model, streamed))
    stream = client.chat.completions.create(model=model, messages=[user("Please count the waves")], stream=True)
    for number, _ in enumerate(stream):
        if number == 5:
            break
    stream.close()
    tell("left chat", model, number)


def whole(**asked):
    return client.chat.completions.create(**asked).choices[0].message


def streamed(**asked):
    with client.chat.completions.stream(**asked) as stream:
        return stream.get_final_completion().choices[0].message


def chat_tools(model, ask):
    messages = [user("When is high water at both ports?")]
    tools = [{"type": "function", "function": {**one}} for one in FUNCTIONS]
    while True:
        message = ask(model=model, messages=messages, tools=tools)
        if not message.tool_calls:
            return message.content
        messages.append(message)
        for call in message.tool_calls:
            said = TOOLS[call.function.name](**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": said})


def responses(model):
    made = client.responses.create(model=model, input="When is high water?")
    tell("whole responses", model, made.output_text)
    stream = client.responses.create(model=model, input="When is high water?", stream=True)
    tell("stream responses", model, [event.delta for event in stream if event.type == "response.output_text.delta"])
    tell("tools responses", model, responses_tools(model, client.responses.create))
    tell("tools-streamed responses", model, responses_tools(model, response_streamed))
    stream = client.responses.create(model=model, input="Please count the waves", stream=True)
    for number, _ in enumerate(stream):
        if number == 8:
            break
    stream.close()
    tell("left responses", model, number)


def response_streamed(**asked):
    with client.responses.stream(**asked) as stream:
        return stream.get_final_response()


def responses_tools(model, ask):
    items = [user("When is high water at both ports?")]
    tools = [{"type": "function", "strict": False, **one} for one in FUNCTIONS]
    while True:
        response = ask(model=model, input=items, tools=tools)
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return response.output_text
        items += response.output
        for call in calls:
            said = TOOLS[call.name](**json.loads(call.arguments))
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": said})


def parsed(model):
    from pydantic import BaseModel

    class Tide(BaseModel):
        port: str
        hour: int

    made = client.chat.completions.parse(model=model, messages=[user("When?")], response_format=Tide)
    tell("structured chat", model, made.choices[0].message.parsed.model_dump())
    made = client.responses.parse(model=model, input="When?", text_format=Tide)
    tell("structured responses", model, made.output_parsed.model_dump())


def raised(ask):
    try:
        ask()
    except openai.APIError as error:
        return type(error).__name__
    return None


def errors(model):
    def chat(model, by=client, **more):
        return by.chat.completions.create(model=model, messages=[user("Hi")], **more)

    def response(model, by=client, **more):
        return by.responses.create(model=model, input="Hi", **more)

    for name, ask in {"chat": chat, "responses": response}.items():
        told = {status: raised(lambda: ask(f"{model}-{status}")) for status in ("400", "429", "500")}
        told["key"] = raised(lambda: ask(model, client.with_options(api_key="sk-wrong")))
        told["model"] = raised(lambda: ask("nobody"))
        told["broken"] = raised(lambda: list(ask(f"{model}-broken", stream=True)))
        tell(f"errors {name}", model, told)


for model in MODELS:
    chat(model)
    responses(model)
    parsed(model)
    errors(model)
tell("embedding", "embedder", client.embeddings.create(model="embedder", input="Tide").data[0].embedding)
tell("models", "auto", [one.id for one in client.models.list()])
