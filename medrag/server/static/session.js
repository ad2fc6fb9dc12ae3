/**
 * The access key (for this tab only) and the form that asks for it.
 * @module
 */
import { fill, h, problem } from "./dom.js";

const NAME = "medrag.key";
let inMemory = null;

/** The key of this tab, or null. It is never written to disk by the page. */
export function currentKey() {
  try {
    return sessionStorage.getItem(NAME) ?? inMemory;
  } catch {
    return inMemory;
  }
}

/** Keep a key for this tab; null forgets it. */
export function keepKey(key) {
  inMemory = key;
  try {
    if (key === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, key);
  } catch {
    // Storage is closed: the key lasts until the page is left.
  }
}

/**
 * The form that asks for a key.
 * @param {Element} root
 * @param {() => Promise<void>} onKey a key was entered and kept; rejects where it is refused
 */
export function signIn(root, onKey) {
  const input = h("input", {
    type: "password", id: "key", autocomplete: "off", spellcheck: "false", autocapitalize: "none",
    required: true, "aria-describedby": "key-help",
  });
  const alert = h("div", { role: "alert" });
  const form = h(
    "form",
    { class: "sign-in", novalidate: true },
    h("h2", { id: "sign-in-title" }, "Sign in"),
    h("label", { for: "key" }, "Your access key"),
    input,
    h("p", { class: "mr-meta", id: "key-help" },
      "It begins with mr_. The person who looks after medrag gives it to you.",
      " It is kept until you close this tab or sign out."),
    alert,
    h("button", { type: "submit", class: "mr-button strong" }, "Sign in"),
  );
  const complain = (error) => {
    // The server's remedy is for programs; a person types the key here.
    const remedy = "Copy the whole key once more. If it is refused again, ask for a new one.";
    fill(alert, problem(error.status === 401 ? { message: error.message, remedy } : error));
    input.focus();
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (!/^[\x21-\x7e]+$/.test(key)) {
      complain({ message: "This is not a key.", remedy: "Copy it again, without spaces." });
      return;
    }
    keepKey(key);
    try {
      await onKey();
      input.value = "";
      fill(alert);
    } catch (error) {
      keepKey(null);
      complain(error);
    }
  });
  fill(root, form);
  return { complain, focus: () => input.focus() };
}
