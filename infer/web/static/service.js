// The REST service as the page uses it.

const LANDMARKS = "api/v1/landmarks";

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

/** {entry, milliseconds}: what the service says of a picture, and how long it worked on it. */
export async function findFaces(blob, name) {
  const response = await ask(LANDMARKS, formOf(blob, name));
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

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ServiceError("The service does not answer. Is it still running?");
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response) {
  const later = Number(response.headers.get("Retry-After")) || null;
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? response.statusText;
  return new ServiceError(`${detail}${later ? ` (again in ${later} s)` : ""}`, later);
}
