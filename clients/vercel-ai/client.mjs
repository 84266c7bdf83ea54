// Vercel's AI SDK: its OpenAI provider (Responses by default, `.chat`), its compatible one, and Anthropic's.
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { MODELS, TOOLS, tell } from "../telling.mjs";

// setting
import { createOpenAI } from "@ai-sdk/openai";

const openai = createOpenAI({ baseURL: "http://127.0.0.1:8080/v1", apiKey: "YOUR-KEY" }); // openai("auto"), openai.chat("auto")
// end
// setting
import { createAnthropic } from "@ai-sdk/anthropic";

const anthropic = createAnthropic({ baseURL: "http://127.0.0.1:8080/v1", apiKey: "YOUR-KEY" });
// end
// setting
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

const compatible = createOpenAICompatible({
  name: "entrepot", baseURL: "http://127.0.0.1:8080/v1", apiKey: "YOUR-KEY", supportsStructuredOutputs: true,
});
// end
const inputSchema = z.object({ port: z.string() });
const tools = Object.fromEntries(
  Object.entries(TOOLS).map(([name, execute]) => [name, tool({ description: name, inputSchema, execute })]),
);

async function collected(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

async function converse(name, label, model) {
  const plain = { model, maxRetries: 0 };
  const looped = { ...plain, tools, stopWhen: stepCountIs(5), prompt: "When is high water at both ports?" };
  tell(`whole ${name}`, label, (await generateText({ ...plain, prompt: "When is high water?" })).text);
  tell(`stream ${name}`, label, await collected(streamText({ ...plain, prompt: "When is high water?" }).textStream));
  tell(`tools ${name}`, label, (await generateText(looped)).text);
  tell(`tools-streamed ${name}`, label, (await collected(streamText(looped).textStream)).join(""));
  const schema = z.object({ port: z.string(), hour: z.number().int() });
  tell(`structured ${name}`, label, (await generateObject({ ...plain, schema, prompt: "When?" })).object);
  const leaving = new AbortController();
  const waves = streamText({ ...plain, prompt: "Please count the waves", abortSignal: leaving.signal, onError() {} });
  let number = 0;
  for await (const _ of waves.textStream) if (++number === 5) leaving.abort();
  tell(`left ${name}`, label, number);
}

for (const model of MODELS) {
  await converse("responses", model, openai(model));
  await converse("chat", model, openai.chat(model));
  await converse("compatible", model, compatible(model));
  await converse("messages", model, anthropic(model));
}
