/**
 * Building elements. Text goes in as text nodes only, so that what a document holds is never read
 * as HTML.
 * @module
 */

const NEVER = new Set(["style", "innerhtml", "outerhtml", "srcdoc"]);

/**
 * An element with properties and children.
 * @param {string} tag
 * @param {Object<string, *>} [properties] attributes; `on...` functions become listeners;
 *   null, undefined and false are left out
 * @param {...(Node|string|number|null|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) {
      if (typeof value !== "function") throw new TypeError(`${name} must be a function`);
      element.addEventListener(name.slice(2).toLowerCase(), value);
    } else if (NEVER.has(name.toLowerCase())) {
      throw new TypeError(`${name} is not set by h()`);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

/** Put children into an element; strings as text. */
export function append(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

/** Words that only a screen reader speaks. */
export function hidden(words) {
  return h("span", { class: "mr-hidden" }, words);
}

/** A warning sign that is not read out, before words that are. */
export function sign(mark) {
  return h("span", { class: "mr-sign", "aria-hidden": "true" }, mark);
}

/**
 * An error as people read it: what happened, what to do, and perhaps more.
 * @param {{message: string, remedy?: string}} error
 */
export function problem(error, ...more) {
  return h(
    "div",
    { class: "mr-error" },
    h("p", { class: "mr-error-words" }, sign("⚠"), error.message || "It failed."),
    error.remedy ? h("p", {}, error.remedy) : null,
    ...more,
  );
}

const LISTS = new Set(["SECTION", "OL", "UL", "DETAILS"]);

/**
 * Make `old` hold what `fresh` holds, keeping the elements that are the same. Listeners are not
 * compared: elements that look alike must do alike.
 */
export function patch(old, fresh) {
  const coming = [...fresh.childNodes];
  const there = [...old.childNodes];
  coming.forEach((node, index) => {
    const before = there[index];
    if (!before) old.append(node);
    else if (before.isEqualNode(node)) return;
    else if (
      LISTS.has(node.nodeName) && before.nodeName === node.nodeName && before.className === node.className
    ) {
      patch(before, node);
    } else before.replaceWith(node);
  });
  there.slice(coming.length).forEach((node) => node.remove());
}
