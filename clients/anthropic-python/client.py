"""Anthropic's SDK for Python."""

import anthropic

from telling import MODELS, tell, tide, tide_tomorrow

# setting
from anthropic import Anthropic

client = Anthropic(base_url="http://127.0.0.1:8080", api_key="YOUR-KEY")
# end
TOOLS = {"tide": tide, "tide_tomorrow": tide_tomorrow}
SCHEMA = {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]}
OFFERED = [{"name": name, "description": tool.__doc__, "input_schema": SCHEMA} for name, tool in TOOLS.items()]
client = client.with_options(max_retries=0)


def user(text):
    return {"role": "user", "content": text}


def messages(model):
    made = client.messages.create(model=model, max_tokens=99, messages=[user("When is high water?")])
    tell("whole", model, made.content[0].text)
    with client.messages.stream(model=model, max_tokens=99, messages=[user("When is high water?")]) as stream:
        tell("stream", model, list(stream.text_stream))
        assert stream.get_final_message().usage.output_tokens == 8
    tell("tools", model, tool_loop(model, client.messages.create))
    tell("tools-streamed", model, tool_loop(model, streamed))
    with client.messages.stream(model=model, max_tokens=9999, messages=[user("Please count the waves")]) as stream:
        for number, _ in enumerate(stream.text_stream):
            if number == 5:
                break
    tell("left", model, number)
    tell("tokens", model, client.messages.count_tokens(model=model, messages=[user("When?")]).input_tokens)


def streamed(**asked):
    with client.messages.stream(**asked) as stream:
        return stream.get_final_message()


def tool_loop(model, ask):
    history = [user("When is high water at both ports?")]
    while True:
        message = ask(model=model, max_tokens=99, messages=history, tools=OFFERED)
        if message.stop_reason != "tool_use":
            return message.content[0].text
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": TOOLS[block.name](**block.input)}
            for block in message.content
            if block.type == "tool_use"
        ]
        history += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]


def raised(ask):
    try:
        ask()
    except anthropic.APIError as error:
        return type(error).__name__
    return None


def errors(model):
    def ask(model, by=client):
        return by.messages.create(model=model, max_tokens=99, messages=[user("Hi")])

    def stream(model):
        with client.messages.stream(model=model, max_tokens=99, messages=[user("Hi")]) as events:
            events.get_final_message()

    told = {status: raised(lambda: ask(f"{model}-{status}")) for status in ("400", "429", "500")}
    told["key"] = raised(lambda: ask(model, client.with_options(api_key="sk-wrong")))
    told["model"] = raised(lambda: ask("nobody"))
    told["broken"] = raised(lambda: stream(f"{model}-broken"))
    tell("errors", model, told)


for model in MODELS:
    messages(model)
    errors(model)
tell("models", "auto", [one.id for one in client.models.list()])
