// Anthropic's SDK for Node.
// setting
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "http://127.0.0.1:8080", apiKey: "YOUR-KEY" });
// end
import { MODELS, PARAMETERS, TOOLS, raised, tell, user } from "../telling.mjs";

const OFFERED = Object.keys(TOOLS).map((name) => ({ name, description: name, input_schema: PARAMETERS }));
client.maxRetries = 0;

async function messages(model) {
  const asked = { model, max_tokens: 99, messages: [user("When is high water?")] };
  tell("whole", model, (await client.messages.create(asked)).content[0].text);
  const pieces = [];
  const stream = client.messages.stream(asked).on("text", (text) => pieces.push(text));
  await stream.finalMessage();
  tell("stream", model, pieces);
  tell("tools", model, await toolLoop(model, (asked) => client.messages.create(asked)));
  tell("tools-streamed", model, await toolLoop(model, (asked) => client.messages.stream(asked).finalMessage()));
  let number = 0;
  const waves = { model, max_tokens: 9999, messages: [user("Please count the waves")] };
  for await (const _ of client.messages.stream(waves)) if (++number === 8) break;
  tell("left", model, number);
  tell("tokens", model, (await client.messages.countTokens({ model, messages: [user("When?")] })).input_tokens);
}

async function toolLoop(model, ask) {
  const history = [user("When is high water at both ports?")];
  for (;;) {
    const message = await ask({ model, max_tokens: 99, messages: history, tools: OFFERED });
    if (message.stop_reason !== "tool_use") return message.content[0].text;
    const results = message.content
      .filter((block) => block.type === "tool_use")
      .map(({ id, name, input }) => ({ type: "tool_result", tool_use_id: id, content: TOOLS[name](input) }));
    history.push({ role: "assistant", content: message.content }, { role: "user", content: results });
  }
}

async function errors(model) {
  const asked = (model) => ({ model, max_tokens: 99, messages: [user("Hi")] });
  const told = {};
  for (const status of ["400", "429", "500"]) {
    told[status] = await raised(() => client.messages.create(asked(`${model}-${status}`)));
  }
  told.key = await raised(() => client.withOptions({ apiKey: "sk-wrong" }).messages.create(asked(model)));
  told.model = await raised(() => client.messages.create(asked("nobody")));
  told.broken = await raised(() => client.messages.stream(asked(`${model}-broken`)).finalMessage());
  tell("errors", model, told);
}

for (const model of MODELS) {
  await messages(model);
  await errors(model);
}
const names = [];
for await (const one of client.models.list()) names.push(one.id);
tell("models", "auto", names);
