// The two addresses of the month: reading it, and sending operations. Whatever goes wrong is a Refusal.

const TIMEOUT_MS = 30000;

// kind: offline, signed_out, conflict, refused, failed; body: what the server said.
export class Refusal extends Error {
  constructor(kind, body = {}) {
    super(body.detail ?? kind);
    this.kind = kind;
    this.body = body;
  }
}

const KINDS = { 401: "signed_out", 403: "signed_out", 404: "signed_out", 409: "conflict", 422: "refused" };

async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, {
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
      headers: { Accept: "application/json", ...options.headers },
    });
  } catch {
    throw new Refusal("offline");
  }
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const body = isJson ? await response.json().catch(() => ({})) : {};
  if (response.ok && isJson) return body;
  throw new Refusal(KINDS[response.status] ?? "failed", body);
}

export class Server {
  // Addresses as the template wrote them, and Django's token against forged requests.
  constructor({ monthUrl, operationsUrl, token }) {
    this.monthUrl = monthUrl;
    this.operationsUrl = operationsUrl;
    this.token = token;
  }

  // Told what is known, {seen: stamp}, it answers only {states} while nothing else is new.
  read({ month, group }, known = {}) {
    return ask(`${this.monthUrl}?${new URLSearchParams({ month, group, ...known })}`);
  }

  send(body) {
    return ask(this.operationsUrl, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
    });
  }
}
