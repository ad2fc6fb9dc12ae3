/**
 * Sending files into a collection: bytes as they go, then the server's own progress, then what
 * became of each file.
 * @module
 */
import { h, problem, sign } from "./dom.js";
import { bytes, count } from "./text.js";

const STATES = {
  waiting: "waiting for its turn",
  reading: "reading the files",
  embedding: "preparing for search",
  indexing: "updating the index",
};
const RESULTS = [
  ["added", "✓", "added"],
  ["updated", "✓", "updated"],
  ["unchanged", "=", "already there, unchanged"],
  ["removed", "−", "removed"],
];

/** What the server does with an upload, in words. */
export function stateWords(form) {
  const words = STATES[form.state] ?? form.state;
  const files = form.files?.length > 1 ? `, ${form.files_done ?? 0} of ${form.files.length} files` : "";
  const chunks = form.chunks > 0 ? `, ${count(form.chunks, "passage")}` : "";
  return `${words}${files}${chunks}`;
}

/**
 * One line for each upload, inside `list` (a <ul>).
 * @param {{api: object, limit: number, onDone: () => void, announce: (words: string) => void}} options
 */
export function uploader(list, { api, limit, onDone, announce }) {
  /** Send these files as one upload, and follow it to its end. */
  async function send(collection, files) {
    const names = files.length === 1 ? files[0].name : count(files.length, "file");
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const bar = h("progress", { max: "1", value: "0", "aria-label": `Upload of ${names}` });
    const words = h("p", { class: "upload-words" });
    const stop = new AbortController();
    const cancel = h("button", { type: "button", class: "mr-button", onClick: () => stop.abort() }, "Cancel");
    const line = h(
      "li",
      { class: "upload" },
      h("p", {}, h("strong", {}, names), ` into ${collection} (${bytes(size)})`),
      bar,
      words,
      cancel,
    );
    list.prepend(line);
    const end = (...parts) => {
      bar.remove();
      cancel.remove();
      words.remove();
      line.append(...parts.flat().filter(Boolean));
    };
    if (limit && size > limit) {
      const message = `This is larger than ${bytes(limit)}, the most that can be sent at once.`;
      end(problem({ message, remedy: "Send fewer files at a time." }));
      return;
    }
    try {
      const sent = (done, all) => {
        bar.value = all > 0 ? done / all : 0;
        words.textContent = `sending, ${bytes(done)} of ${bytes(all)}`;
      };
      let form = await api.upload(collection, files, { onProgress: sent, signal: stop.signal });
      cancel.remove();
      bar.removeAttribute("value");
      announce(`${names} sent. The server reads it now.`);
      form = await followed(form, words);
      end(outcome(form));
      announce(form.state === "failed" ? `The upload of ${names} failed.` : `The upload of ${names} is done.`);
      onDone();
    } catch (error) {
      if (error.name === "AbortError") end(h("p", { class: "mr-note" }, "Cancelled. Nothing was stored."));
      else {
        end(problem(error));
        announce(`The upload of ${names} failed.`);
      }
    }
  }

  /** Ask how far the server is until it is done; short breaks of the connection are borne. */
  async function followed(form, words) {
    let pause = 400;
    let failures = 0;
    while (form.state !== "done" && form.state !== "failed") {
      words.textContent = stateWords(form);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(3000, pause * 1.3);
      try {
        form = await api.uploadState(form.id);
        failures = 0;
      } catch (error) {
        failures += 1;
        const refused = error.status >= 400 && error.status < 500 && error.status !== 429;
        if (refused || failures > 20) throw error;
        pause = Math.max(pause, 1000 * (error.retryAfter ?? 1));
      }
    }
    return form;
  }

  return { send };
}

/** What became of each file, as elements. */
function outcome(form) {
  const found = [];
  if (form.state === "failed") found.push(problem({ message: form.error, remedy: form.remedy }));
  const report = form.report ?? {};
  const items = RESULTS.flatMap(([key, mark, words]) =>
    (report[key] ?? []).map((item) => resultLine(item, mark, words)),
  );
  const failed = (report.failed ?? []).map((item) =>
    h(
      "li",
      { class: "result-failed" },
      sign("✗"),
      h("strong", {}, baseName(item.path)),
      ` not stored: ${item.error} ${item.remedy}`,
    ),
  );
  if (items.length + failed.length > 0) found.push(h("ul", { class: "results" }, failed, items));
  else if (form.state === "done") found.push(h("p", { class: "mr-note" }, "Nothing was changed."));
  return found;
}

function resultLine(item, mark, words) {
  const size = item.pages > 0 ? count(item.pages, "page") : count(item.chunks, "passage");
  return h(
    "li",
    {},
    sign(mark),
    h("strong", {}, baseName(item.path)),
    ` ${words} (${size})`,
    item.warnings?.length
      ? h("ul", { class: "mr-warnings" }, item.warnings.map((one) => h("li", {}, sign("⚠"), one)))
      : null,
  );
}

/** The last part of a path of any system. */
export const baseName = (path) => String(path).split(/[\\/]/).pop();

/** Files of a drop; folders cannot be read that way, and are named. */
export function dropped(transfer) {
  const folders = [];
  for (const item of transfer.items ?? []) {
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) folders.push(entry.name);
  }
  const files = [...transfer.files].filter((file) => !folders.includes(file.name));
  return { files, folders };
}

