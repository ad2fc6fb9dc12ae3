/**
 * The document manager: what is in the library, sending more, taking out. Readers see the list.
 * @module
 */
import { cautions, facts, standing, warningList } from "./claims.js";
import { fill, h, problem } from "./dom.js";
import { count } from "./text.js";
import { baseName, dropped, uploader } from "./uploads.js";

/** Rows that are drawn at once; more on demand. */
const ROWS = 200;

/** Whether a document fits every word of a filter. */
export function fits(document, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [
    document.title, document.path, document.status, document.id,
    ...standing(document), ...document.collections, ...cautions(document),
  ].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * The view inside `root`.
 * @param {Element} root
 * @param {{api: object, me: object, onSource: (target: object, button: Element) => void,
 *   announce: (words: string) => void, onChange?: () => void}} options
 */
export function documentsView(root, { api, me, onSource, announce, onChange = () => {} }) {
  const mayChange = me.role === "curator" || me.role === "admin";
  let documents = [];
  let rows = ROWS;
  const filter = h("input", { type: "search", id: "filter", autocomplete: "off", spellcheck: "false" });
  const total = h("p", { class: "mr-meta", role: "status" });
  const alert = h("div", { role: "alert" });
  const done = h("p", { class: "mr-note", role: "status" });
  const list = h("ul", { class: "documents" });
  const more = h("button", { type: "button", class: "mr-button" }, "Show more");
  const ask = removal({ api, onRemoved });
  const sending = mayChange ? sender({ api, me, announce, onDone: changed }) : null;
  fill(
    root,
    h("h2", { tabindex: "-1" }, "Documents"),
    sending?.element,
    h("div", { class: "field" }, h("label", { for: "filter" }, "Filter the list"), filter),
    total, done, alert, list, more, ask.element,
  );
  filter.addEventListener("input", () => {
    rows = ROWS;
    draw();
  });
  more.addEventListener("click", () => {
    const first = rows;
    rows += ROWS;
    draw();
    list.children[first]?.querySelector("button")?.focus();
  });

  async function onRemoved(name, note) {
    await changed();
    done.textContent = `${name} was removed. ${note ?? ""}`;
  }

  function changed() {
    done.textContent = "";
    onChange();
    return load();
  }

  async function load() {
    list.setAttribute("aria-busy", "true");
    try {
      documents = await api.documents();
      fill(alert);
      draw();
      sending?.offer(documents);
    } catch (error) {
      const again = h("button", { type: "button", class: "mr-button", onClick: load }, "Try again");
      fill(alert, problem(error, again));
    } finally {
      list.removeAttribute("aria-busy");
    }
  }

  function draw() {
    const fitting = documents.filter((document) => fits(document, filter.value));
    const shown = fitting.slice(0, rows);
    fill(list, shown.map(row));
    more.hidden = fitting.length <= rows;
    const all = count(documents.length, "document");
    if (documents.length === 0) {
      total.textContent = mayChange
        ? "There are no documents yet. Send some above."
        : "There are no documents yet.";
    } else total.textContent = filter.value.trim() ? `${fitting.length} of ${all}` : all;
  }

  function row(document) {
    const name = document.title || baseName(document.path);
    const title = h("button", { type: "button", class: "mr-source-title" }, name);
    title.addEventListener("click", () => onSource({ document, start: null, end: null, pages: [] }, title));
    const size = document.pages > 0 ? count(document.pages, "page") : count(document.chunks, "passage");
    const known = [...standing(document), size, `in ${document.collections.join(", ")}`];
    const remove = mayChange
      ? h("button", { type: "button", class: "mr-button remove", "aria-label": `Remove ${name}` }, "Remove")
      : null;
    remove?.addEventListener("click", () => ask.open(document, remove, filter));
    return h(
      "li",
      { class: "document" },
      h(
        "div",
        {},
        title,
        facts(known),
        h("p", { class: "mr-meta path" }, baseName(document.path)),
        warningList(cautions(document), `Warnings about ${name}`),
      ),
      remove,
    );
  }

  return { load };
}

/** Where files are dropped or chosen. */
function sender({ api, me, announce, onDone }) {
  const list = h("ul", { class: "uploads" });
  const run = uploader(list, { api, limit: me.upload_bytes, onDone, announce });
  const names = h("datalist", { id: "collection-names" });
  const into = me.collections
    ? h("select", { id: "into" }, me.collections.map((name) => h("option", { value: name }, name)))
    : h("input", {
        id: "into", list: "collection-names", value: "default", maxlength: "64",
        autocomplete: "off", spellcheck: "false",
      });
  const input = h("input", { type: "file", multiple: true, id: "files", class: "mr-hidden", tabindex: "-1" });
  const choose = h("button", { type: "button", class: "mr-button strong" }, "Choose files");
  const note = h("p", { class: "mr-note", role: "status" });
  const zone = h(
    "div",
    { class: "drop" },
    h("p", {}, "Drop files here, or "),
    choose,
    h("label", { for: "files", class: "mr-hidden" }, "Files to send"),
    input,
    note,
  );
  const element = h(
    "section",
    { class: "sender", "aria-labelledby": "sender-title" },
    h("h3", { id: "sender-title" }, "Add documents"),
    h("div", { class: "field" }, h("label", { for: "into" }, "Into the collection"), into, names),
    zone,
    list,
  );
  const send = (files, folders = []) => {
    note.textContent = folders.length
      ? `Folders cannot be sent (${folders.join(", ")}): drop the files that are in them.`
      : "";
    const collection = into.value.trim();
    if (files.length === 0) return;
    if (!collection) {
      note.textContent = "Name a collection first.";
      into.focus();
      return;
    }
    run.send(collection, files);
  };
  choose.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    send([...input.files]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", (event) => {
    if (!zone.contains(event.relatedTarget)) zone.classList.remove("over");
  });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const { files, folders } = dropped(event.dataTransfer);
    send(files, folders);
  });
  return {
    element,
    /** Offer the names of the collections that there are. */
    offer(documents) {
      const known = new Set(documents.flatMap((document) => document.collections));
      fill(names, [...known].sort().map((name) => h("option", { value: name })));
    },
  };
}

/** The question that is asked before a document is taken out. */
function removal({ api, onRemoved }) {
  const words = h("p", {});
  const where = h("select", { id: "remove-from" });
  const choice = h("div", { class: "field" }, h("label", { for: "remove-from" }, "Take it out of"), where);
  const alert = h("div", { role: "alert" });
  const yes = h("button", { type: "button", class: "mr-button danger" }, "Remove");
  const no = h("button", { type: "button", class: "mr-button" }, "Keep it");
  const title = h("h2", { id: "remove-title", tabindex: "-1" }, "Remove this document?");
  const element = h(
    "dialog",
    { class: "confirm", "aria-labelledby": "remove-title" },
    title, words, choice, alert, h("p", { class: "mr-actions" }, no, yes),
  );
  let document_ = null;
  let goBack = () => {};
  no.addEventListener("click", () => element.close());
  element.addEventListener("close", () => goBack());
  yes.addEventListener("click", async () => {
    yes.disabled = true;
    try {
      const { note } = await api.removeDocument(document_.id, where.value || null);
      await onRemoved(document_.title || baseName(document_.path), note);
      element.close();
    } catch (error) {
      fill(alert, problem(error));
    } finally {
      yes.disabled = false;
    }
  });
  return {
    element,
    /** Ask about this document; the focus goes back to `from`, or to `otherwise` once it is gone. */
    open(document, from, otherwise) {
      document_ = document;
      goBack = () => (from.isConnected ? from : otherwise).focus();
      const version = document.version ? `, version ${document.version}` : "";
      const name = h("strong", {}, `${document.title}${version}`);
      const then = "will be removed. It will not answer any more.";
      fill(words, name, ` (${baseName(document.path)}) ${then}`);
      const several = document.collections.length > 1;
      choice.hidden = !several;
      fill(where, several || document.collections.length === 0
        ? h("option", { value: "" }, "every collection")
        : null, document.collections.map((name) => h("option", { value: name }, name)));
      fill(alert);
      element.showModal();
      no.focus();
    },
  };
}
