// The token, and asking the gateway with it.

const KEPT = "entrepot-token";

export class Refused extends Error {}

/** Takes the token out of the address, so that it is neither bookmarked nor shown. */
export function takeToken() {
  const address = new URL(location.href);
  const given = address.searchParams.get("token");
  if (given === null) return;
  keepToken(given);
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

export const keepToken = (token) => sessionStorage.setItem(KEPT, token);
export const hasToken = () => Boolean(sessionStorage.getItem(KEPT)) || csrf !== null;

let csrf = null; // of a session; the page alone knows it, the browser keeps the rest

/** Takes over the session of this browser, if it has one; says who that is. */
export async function takeSession() {
  const reply = await fetch("/api/session", { cache: "no-store" });
  if (!reply.ok) return null;
  const told = await reply.json();
  csrf = told.csrf;
  return told;
}

/** How one may sign in here. */
export const ways = async () => (await fetch("/sign-in/ways", { cache: "no-store" })).json();

export async function signOut() {
  if (csrf !== null) await ask("/api/session", undefined, "DELETE");
  csrf = null;
  sessionStorage.removeItem(KEPT);
}

/** The JSON of a reply. Throws Refused for a wrong token, Error with the gateway's words for anything else. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const headers = { "content-type": "application/json" };
  const token = sessionStorage.getItem(KEPT);
  if (token) headers.authorization = `Bearer ${token}`;
  else if (csrf !== null) headers["x-csrf-token"] = csrf;
  const reply = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const told = await reply.json();
  if (reply.status === 401) {
    sessionStorage.removeItem(KEPT);
    csrf = null;
    throw new Refused(told.error.message);
  }
  if (!reply.ok) throw new Error(told.error.message);
  return told;
}
