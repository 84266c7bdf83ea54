// OpenAI's SDK for Node.
// setting
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "http://127.0.0.1:8080/v1", apiKey: "YOUR-KEY" });
// end
import { MODELS, PARAMETERS, TOOLS, raised, tell, user } from "../telling.mjs";

const FUNCTIONS = Object.keys(TOOLS).map((name) => ({ name, description: name, parameters: PARAMETERS }));
client.maxRetries = 0;

async function chat(model) {
  const messages = [user("When is high water?")];
  const made = await client.chat.completions.create({ model, messages });
  tell("whole chat", model, made.choices[0].message.content);
  const pieces = [];
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
  }
  tell("stream chat", model, pieces);
  tell("tools chat", model, await chatTools(model, (asked) => client.chat.completions.create(asked)));
  const streamed = (asked) => client.chat.completions.stream(asked).finalChatCompletion();
  tell("tools-streamed chat", model, await chatTools(model, streamed));
  const asked = { model, messages: [user("Please count the waves")], stream: true };
  let number = 0;
  for await (const _ of await client.chat.completions.create(asked)) if (++number === 5) break;
  tell("left chat", model, number);
}

async function chatTools(model, ask) {
  const messages = [user("When is high water at both ports?")];
  const tools = FUNCTIONS.map((one) => ({ type: "function", function: { strict: true, ...one } }));
  for (;;) {
    const { message } = (await ask({ model, messages, tools })).choices[0];
    if (!message.tool_calls?.length) return message.content;
    messages.push(message);
    for (const call of message.tool_calls) {
      const content = TOOLS[call.function.name](JSON.parse(call.function.arguments));
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
  }
}

async function responses(model) {
  const made = await client.responses.create({ model, input: "When is high water?" });
  tell("whole responses", model, made.output_text);
  const pieces = [];
  for await (const event of await client.responses.create({ model, input: "When is high water?", stream: true })) {
    if (event.type === "response.output_text.delta") pieces.push(event.delta);
  }
  tell("stream responses", model, pieces);
  tell("tools responses", model, await responsesTools(model, (asked) => client.responses.create(asked)));
  const streamed = (asked) => client.responses.stream(asked).finalResponse();
  tell("tools-streamed responses", model, await responsesTools(model, streamed));
  let number = 0;
  const asked = { model, input: "Please count the waves", stream: true };
  for await (const _ of await client.responses.create(asked)) if (++number === 8) break;
  tell("left responses", model, number);
}

async function responsesTools(model, ask) {
  const input = [user("When is high water at both ports?")];
  const tools = FUNCTIONS.map((one) => ({ type: "function", strict: true, ...one }));
  for (;;) {
    const response = await ask({ model, input, tools });
    const calls = response.output.filter((item) => item.type === "function_call");
    if (!calls.length) return response.output_text;
    input.push(...response.output);
    for (const { call_id, name, arguments: said } of calls) {
      input.push({ type: "function_call_output", call_id, output: TOOLS[name](JSON.parse(said)) });
    }
  }
}

async function errors(model) {
  const asking = {
    chat: (model, more = {}, by = client) => by.chat.completions.create({ model, messages: [user("Hi")], ...more }),
    responses: (model, more = {}, by = client) => by.responses.create({ model, input: "Hi", ...more }),
  };
  for (const [name, ask] of Object.entries(asking)) {
    const told = {};
    for (const status of ["400", "429", "500"]) told[status] = await raised(() => ask(`${model}-${status}`));
    told.key = await raised(() => ask(model, {}, client.withOptions({ apiKey: "sk-wrong" })));
    told.model = await raised(() => ask("nobody"));
    told.broken = await raised(async () => {
      for await (const _ of await ask(`${model}-broken`, { stream: true }));
    });
    tell(`errors ${name}`, model, told);
  }
}

for (const model of MODELS) {
  await chat(model);
  await responses(model);
  await errors(model);
}
const embedded = await client.embeddings.create({ model: "embedder", input: "Tide" });
tell("embedding", "embedder", Array.from(embedded.data[0].embedding));
const names = [];
for await (const one of client.models.list()) names.push(one.id);
tell("models", "auto", names);
