/**
 * The server's HTTP interface: plain requests, the answer stream (server-sent events over POST) and
 * uploads with progress. Every failure is an ApiError that says what to do next.
 * @module
 */

/** The server's root, found from where this module was loaded; ends in "/". */
export const HOME = new URL("../", import.meta.url).href;

/** What went wrong (`message`), what to do (`remedy`), the HTTP status (0: not reached). */
export class ApiError extends Error {
  constructor(message, { remedy = "", status = 0, retryAfter = null } = {}) {
    super(message);
    this.name = "ApiError";
    this.remedy = remedy;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Reads server-sent events from bytes, however they are cut. */
export class SseReader {
  constructor() {
    this.decoder = new TextDecoder();
    this.rest = "";
    this.name = "";
    this.data = [];
  }

  /**
   * The events that these bytes complete.
   * @param {Uint8Array} bytes
   * @returns {{event: string, data: string}[]}
   */
  push(bytes) {
    return this.read(this.decoder.decode(bytes, { stream: true }), false);
  }

  /** The events that the end of the stream completes; a half one is dropped. */
  end() {
    return this.read(this.decoder.decode(), true);
  }

  read(text, last) {
    this.rest += text;
    const events = [];
    const lineEnd = /\r\n|\n|\r/g;
    let from = 0;
    for (let match = lineEnd.exec(this.rest); match; match = lineEnd.exec(this.rest)) {
      // A carriage return at the very end may be the first half of a line end.
      if (match[0] === "\r" && lineEnd.lastIndex === this.rest.length && !last) break;
      this.line(this.rest.slice(from, match.index), events);
      from = lineEnd.lastIndex;
    }
    this.rest = this.rest.slice(from);
    return events;
  }

  line(line, events) {
    if (line === "") {
      if (this.data.length > 0) {
        events.push({ event: this.name || "message", data: this.data.join("\n") });
      }
      this.name = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    else if (field === "data") this.data.push(value);
  }
}

/** Seconds of a Retry-After header (a number or a date), or null. */
export function retryAfter(header, now = Date.now()) {
  if (!header) return null;
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

/** The error that a response (its status, body text and Retry-After) means. */
export function errorOf(status, body, wait = null) {
  let told = {};
  try {
    told = JSON.parse(body) || {};
  } catch {
    told = {};
  }
  const known = typeof told.error === "string" && told.error !== "";
  return new ApiError(known ? told.error : `The server answered with status ${status}.`, {
    remedy:
      typeof told.remedy === "string" && known
        ? told.remedy
        : "Try again. If it stays so, tell the person who looks after medrag.",
    status,
    retryAfter: retryAfter(wait),
  });
}

const notReached = () =>
  new ApiError("The server cannot be reached.", {
    remedy: "Check the network, then try again.",
  });

const cutOff = () =>
  new ApiError("The connection ended before the answer was complete.", { remedy: "Ask again." });

/**
 * The server's doors as functions. They reject with ApiError, or with the AbortError of `signal`.
 * @param {{base?: string, key?: () => (string|null), onUnauthorized?: (error: ApiError) => void}} [options]
 */
export function createApi({ base = HOME, key = () => null, onUnauthorized = () => {} } = {}) {
  const headers = (more = {}) => {
    const secret = key();
    return secret ? { ...more, Authorization: `Bearer ${secret}` } : more;
  };

  const refuse = (error) => {
    if (error.status === 401) onUnauthorized(error);
    return error;
  };

  async function send(path, { method = "GET", json, accept = "application/json", signal } = {}) {
    const more = { Accept: accept };
    if (json !== undefined) more["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(new URL(path, base), {
        method,
        headers: headers(more),
        body: json === undefined ? undefined : JSON.stringify(json),
        cache: "no-store",
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw notReached();
    }
    if (!response.ok) {
      const body = await response.text().catch(() => "");
      throw refuse(errorOf(response.status, body, response.headers.get("Retry-After")));
    }
    return response;
  }

  async function load(path, options = {}) {
    const response = await send(path, options);
    try {
      return await response.json();
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError("The server's answer cannot be read.", { remedy: "Try again." });
    }
  }

  async function ask(request, { signal, onEvent = () => {} } = {}) {
    const response = await send("v1/ask", {
      method: "POST",
      json: { ...request, stream: true },
      accept: "text/event-stream",
      signal,
    });
    const reader = response.body.getReader();
    const sse = new SseReader();
    for (;;) {
      let step;
      try {
        step = await reader.read();
      } catch (error) {
        if (signal?.aborted) throw error;
        throw cutOff();
      }
      for (const { data } of step.done ? sse.end() : sse.push(step.value)) {
        const form = parsed(data);
        if (form.event === "error") throw eventError(form);
        onEvent(form);
        if (form.event === "answer") {
          reader.cancel().catch(() => {});
          return form.answer;
        }
      }
      if (step.done) throw cutOff();
    }
  }

  function upload(collection, files, { onProgress = () => {}, signal } = {}) {
    const form = new FormData();
    form.append("collection", collection);
    for (const file of files) form.append("files", file, file.name);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", new URL("v1/documents", base));
      for (const [name, value] of Object.entries(headers({ Accept: "application/json" }))) {
        request.setRequestHeader(name, value);
      }
      request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
      request.onload = () => {
        const { status, responseText } = request;
        const wait = request.getResponseHeader("Retry-After");
        if (status < 200 || status >= 300) reject(refuse(errorOf(status, responseText, wait)));
        else resolve(responseText);
      };
      request.onerror = () => reject(notReached());
      request.onabort = () => reject(new DOMException("Aborted", "AbortError"));
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      request.send(form);
    }).then(parsed);
  }

  const part = (id) => encodeURIComponent(id);
  return {
    ask,
    upload,
    me: (options) => load("v1/me", options),
    collections: (options) => load("v1/collections", options).then((form) => form.collections),
    documents: (options) => load("v1/documents", options).then((form) => form.documents),
    document: (id, options) => load(`v1/documents/${part(id)}`, options),
    documentText: (id, start, end, options) =>
      load(`v1/documents/${part(id)}/text?start=${start}&end=${end}`, options),
    removeDocument: (id, collection = null, options = {}) => {
      const only = collection ? `?collection=${part(collection)}` : "";
      return load(`v1/documents/${part(id)}${only}`, { ...options, method: "DELETE" });
    },
    uploadState: (id, options) => load(`v1/uploads/${part(id)}`, options),
    openapi: (options) => load("openapi.json", options),
  };
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new ApiError("The server's answer cannot be read.", { remedy: "Ask again." });
  }
}

function eventError(form) {
  return new ApiError(form.error || "The server could not answer.", {
    remedy: form.remedy || "",
    status: form.status ?? 500,
    retryAfter: form.retry_after ?? null,
  });
}
