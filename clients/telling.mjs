// What every client's script tells the runner: one line of JSON for each thing it did.
export const MODELS = process.argv.slice(2); // one for each wire of the scripted vendor
export const tell = (check, model, value) => console.log(JSON.stringify([check, model, value]));
export const TOOLS = {
  tide: ({ port }) => `06:12 at ${port}`,
  tide_tomorrow: ({ port }) => `06:58 at ${port}`,
};
export const PARAMETERS = {
  type: "object", properties: { port: { type: "string" } }, required: ["port"], additionalProperties: false,
};
export const user = (content) => ({ role: "user", content });
// The name of the error class that `ask` ends with.
export async function raised(ask) {
  try {
    await ask();
  } catch (error) {
    return error.constructor.name;
  }
  return null;
}
