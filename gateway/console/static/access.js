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
export const hasToken = () => Boolean(sessionStorage.getItem(KEPT));

/** The JSON of a reply. Throws Refused for a wrong token, Error with the gateway's words for anything else. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEPT) ?? ""}`, "content-type": "application/json" };
  const reply = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const told = await reply.json();
  if (reply.status === 401) {
    sessionStorage.removeItem(KEPT);
    throw new Refused(told.error.message);
  }
  if (!reply.ok) throw new Error(told.error.message);
  return told;
}
