/**
 * The page: who is there, which view is shown, and what is common to the views.
 * @module
 */
import { createApi } from "./api.js";
import { askView } from "./ask.js";
import { documentsView } from "./documents.js";
import { fill, h, problem } from "./dom.js";
import { currentKey, keepKey, signIn } from "./session.js";
import { sourcePanel } from "./source.js";
import { count, moment } from "./text.js";
import { themeToggle } from "./toggle.js";

const at = (id) => document.getElementById(id);
const api = createApi({ key: currentKey, onUnauthorized: (error) => started && lock(error) });
const panel = sourcePanel(document.body, { api });
const onSource = (target, button) => panel.open(target, button);
const door = signIn(at("sign-in"), start);
let me = null;
let views = null;
let started = false;

const announce = (words) => {
  at("status").textContent = words;
};

/** Ask who we are, and open the page. Rejects where the server refuses. */
async function start() {
  const before = me;
  me = await api.me();
  started = true;
  if (!views || before?.name !== me.name || before?.role !== me.role) {
    views = {
      ask: askView(at("ask"), { api, me, onSource, onNew: () => panel.close() }),
      documents: documentsView(at("documents"), { api, me, onSource, announce, onChange: describe }),
    };
  }
  at("sign-in").hidden = true;
  at("views").hidden = at("nav").hidden = false;
  at("who").textContent = me.kind === "local" ? "this machine" : `${me.name} (${me.role})`;
  at("sign-out").hidden = currentKey() === null;
  at("version").textContent = `medrag ${me.version}`;
  fill(at("start-error"));
  describe();
  route();
}

/** How much there is to ask, in a line; the collections for the box. */
async function describe() {
  try {
    const collections = await api.collections();
    views.ask.offer(collections);
    const documents = collections.reduce((sum, one) => sum + one.documents, 0);
    at("holdings").textContent =
      `Answers from ${count(documents, "document")}. Each sentence is checked against its source.`;
  } catch {
    at("holdings").textContent = "";
  }
}

/** Nobody is signed in (any more): only the form is left on the screen. */
function lock(error = null) {
  panel.close();
  views?.ask.cancel();
  at("views").hidden = at("nav").hidden = at("sign-out").hidden = true;
  at("who").textContent = "";
  at("sign-in").hidden = false;
  keepKey(null);
  if (error) door.complain(error);
  else door.focus();
}

/** Forget everything of this person. */
function signOut() {
  lock();
  views?.ask.fresh();
  for (const id of ["ask", "documents"]) at(id).replaceChildren();
  views = null;
  me = null;
  door.focus();
}

/** Show what the address names: #/ask?q=, #/documents, #/source/ID?start=&end=&page= */
function route() {
  if (!views) return;
  const [path, query = ""] = location.hash.slice(1).split("?");
  if (path !== "" && !path.startsWith("/")) return;
  const given = new URLSearchParams(query);
  const name = path.startsWith("/documents") ? "documents" : "ask";
  for (const id of ["ask", "documents"]) {
    at(id).hidden = id !== name;
    const link = at(`to-${id}`);
    if (id === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = name === "ask" ? "Ask - medrag" : "Documents - medrag";
  if (path.startsWith("/source/")) openSource(path.slice("/source/".length), given);
  else {
    panel.close();
    if (name === "documents") {
      views.documents.load();
      at("documents").querySelector("h2")?.focus();
    } else if (given.has("q")) {
      views.ask.prefill(given.get("q"));
      // A question may hold a patient's details: it does not stay in the address.
      history.replaceState(null, "", "#/ask");
    } else views.ask.focus();
  }
}

function openSource(encoded, given) {
  let id = encoded;
  try {
    id = decodeURIComponent(encoded);
  } catch {
    // Not an encoded address: the server says that there is no such document.
  }
  const number = (name) => (/^\d{1,15}$/.test(given.get(name) ?? "") ? Number(given.get(name)) : null);
  const pages = given.has("page") ? [given.get("page")] : [];
  const target = { document: { id, title: "" }, start: number("start"), end: number("end"), pages };
  panel.open(target, at("question"));
}

async function begin() {
  try {
    await start();
  } catch (error) {
    if (error.status === 401) {
      // A key that was kept and is refused is told of; having none yet is no error.
      lock(currentKey() ? error : null);
      return;
    }
    const again = h("button", { type: "button", class: "mr-button", onClick: begin }, "Try again");
    fill(at("start-error"), problem(error, again));
  }
}

themeToggle(at("theme"));
at("sign-out").addEventListener("click", signOut);
at("skip").addEventListener("click", (event) => {
  event.preventDefault();
  at("main").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (panel.isOpen) panel.close();
  else views?.ask.cancel();
});
// A file that misses its place must not replace the page.
for (const kind of ["dragover", "drop"]) {
  window.addEventListener(kind, (event) => event.preventDefault());
}
window.addEventListener("hashchange", route);
window.addEventListener("beforeprint", () => {
  at("printed").textContent = `Printed ${moment()} from ${location.host}`;
});
begin();
