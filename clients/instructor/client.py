"""Instructor: answers in a schema, through OpenAI's client and Anthropic's."""

import instructor
from pydantic import BaseModel

from telling import MODELS, tell

# setting
from openai import OpenAI

openai = instructor.from_openai(OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="YOUR-KEY"))
# end
# setting
from anthropic import Anthropic

anthropic = instructor.from_anthropic(Anthropic(base_url="http://127.0.0.1:8080", api_key="YOUR-KEY"))
# end
in_schema = instructor.from_openai(openai.client, mode=instructor.Mode.JSON_SCHEMA)


class Tide(BaseModel):
    port: str
    hour: int


QUESTION = [{"role": "user", "content": "When is high water?"}]
for model in MODELS:
    for name, client in {"tools": openai, "schema": in_schema, "messages": anthropic}.items():
        asked = {"model": model, "messages": QUESTION, "response_model": Tide, "max_tokens": 99, "max_retries": 0}
        tell(f"structured {name}", model, client.chat.completions.create(**asked).model_dump())
    partial = openai.chat.completions.create_partial(model=model, messages=QUESTION, response_model=Tide, max_retries=0)
    tell("structured streamed", model, list(partial)[-1].model_dump())
