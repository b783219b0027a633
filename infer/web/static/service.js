// The REST service as the page uses it.

const LANDMARKS = "api/v1/landmarks";
const TRIES = 5; // of a request that a busy service asks to repeat
const PATIENCE = 10; // seconds that are waited for the next try at most

/** An answer that is none: `message` is one line for people, `retryAfter` seconds to wait or null. */
export class ServiceError extends Error {
  constructor(message, retryAfter = null) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** The model's contract, its groups' colours and the service's limits. */
export async function fetchModel() {
  return (await ask("api/v1/model")).json();
}

/** {entry, milliseconds}: what the service says of a picture, and how long it worked on it (null where unsaid). */
export async function findFaces(blob, name, tries = TRIES) {
  const response = await ask(LANDMARKS, formOf(blob, name), tries);
  const total = /total;dur=([\d.]+)/.exec(response.headers.get("Server-Timing") ?? "");
  const { images } = await response.json();
  return { entry: images[0], milliseconds: total ? Number(total[1]) : null };
}

/** The service's answer for a picture in another format, as a Blob. */
export async function convert(blob, name, options) {
  return (await ask(`${LANDMARKS}?${new URLSearchParams(options)}`, formOf(blob, name))).blob();
}

function formOf(blob, name) {
  const form = new FormData();
  form.append("image", blob, name);
  return { method: "POST", body: form };
}

async function ask(path, options, tries = TRIES) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ServiceError("The service does not answer. Is it still running?");
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (tries <= 1 || error.retryAfter === null || error.retryAfter > PATIENCE) throw error;
  await new Promise((done) => setTimeout(done, 1000 * error.retryAfter));
  return ask(path, options, tries - 1);
}

async function errorOf(response) {
  const later = Number(response.headers.get("Retry-After")) || null;
  const problem = await response.json().catch(() => ({}));
  // over HTTP/2 there is no status text, and a proxy's own errors are no JSON
  const detail = problem?.detail ?? (response.statusText || `The service answered ${response.status}.`);
  return new ServiceError(`${detail}${later ? ` (again in ${later} s)` : ""}`, later);
}
