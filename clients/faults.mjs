// One request a line of standard input ({dialect, model, stream, tag}); a line each of what OpenAI's or Anthropic's
// SDK for Node saw of it: {said: "text, then 502 code", headers}. GATEWAY_URL and GATEWAY_KEY say where.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

async function sdk(folder, name) {
  const require = createRequire(new URL(`./${folder}/package.json`, import.meta.url));
  return (await import(pathToFileURL(require.resolve(name)))).default;
}

const OpenAI = await sdk("openai-node", "openai"), Anthropic = await sdk("anthropic-node", "@anthropic-ai/sdk");
const { GATEWAY_URL: url, GATEWAY_KEY: apiKey } = process.env;
const patient = { apiKey, maxRetries: 0, timeout: 60_000 };
const openai = new OpenAI({ baseURL: `${url}/v1`, ...patient });
const anthropic = new Anthropic({ baseURL: url, ...patient });
const HELLO = [{ role: "user", content: "Tell me some history." }];

function begin({ dialect, model, stream, tag }) {
  const options = tag ? { headers: { "x-gateway-tag": tag } } : {};
  if (dialect === "chat") return openai.chat.completions.create({ model, stream, messages: HELLO }, options);
  if (dialect === "responses") return openai.responses.create({ model, stream, input: "Tell me some history." }, options);
  return anthropic.messages.create({ model, stream, messages: HELLO, max_tokens: 900 }, options);
}

function whole(dialect, reply) {
  if (dialect === "chat") return reply.choices[0].message.content;
  return dialect === "responses" ? reply.output_text : reply.content.map((block) => block.text).join("");
}

function piece(dialect, event) {
  if (dialect === "chat") return event.choices.map((choice) => choice.delta.content ?? "").join("");
  if (event.type === "error" || event.type === "response.failed") {
    throw Object.assign(new Error(), { code: (event.response?.error ?? event).code });
  }
  return typeof event.delta === "string" ? event.delta : (event.delta?.text ?? "");
}

async function ask(asked) {
  let said = "", headers = {};
  try {
    const { data, response } = await begin(asked).withResponse();
    headers = Object.fromEntries(response.headers);
    if (!asked.stream) said = whole(asked.dialect, data) ? "text" : "";
    else for await (const event of data) said = said || (piece(asked.dialect, event) ? "text" : "");
    return { said: said ? "an answer" : "an empty answer", headers };
  } catch (error) {
    if (error.headers) headers = Object.fromEntries(error.headers);
    const inner = error.error?.error ?? error.error;
    const words = [error.status ?? "", error.code ?? inner?.type ?? error.type ?? error.name].filter(Boolean).join(" ");
    return { said: `${said ? "text, then " : ""}${words}`, headers };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await ask(JSON.parse(line))));
}
