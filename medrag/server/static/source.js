/**
 * The source panel: a page of a document with the quote marked, what must be known of the document,
 * and the pages before and after. Used by page and widget.
 * @module
 */
import { HOME } from "./api.js";
import { allCautions, facts, sectionWords, standing, warningList } from "./claims.js";
import { append, fill, h, problem } from "./dom.js";
import { cut } from "./text.js";

/** Screens narrower than this have no room beside the answer: the panel covers it. */
const NARROW = "(max-width: 60rem)";

/** Characters that are asked for at once; the whole page comes anyway. */
const LONGEST = 50_000;

/** A link may be older than the library, or come from somebody who may see more. */
const GONE = {
  message: "This document is not in the library, or not open to you.",
  remedy: "It may have been removed or replaced: ask again, or look for it under Documents.",
};

/** The address of a place in a document, for other tools too. */
export function sourceLink(target, base = HOME) {
  const at = new URLSearchParams();
  if (Number.isInteger(target.start)) at.set("start", target.start);
  if (Number.isInteger(target.end)) at.set("end", target.end);
  if (target.pages?.[0]) at.set("page", target.pages[0]);
  return `${base}#/source/${encodeURIComponent(target.document.id)}?${at}`;
}

/**
 * A panel inside `root`, closed at first.
 * @param {Element|ShadowRoot} root
 * @param {{api: object, modal?: boolean|"auto", linkBase?: string}} options
 */
export function sourcePanel(root, { api, modal = "auto", linkBase = HOME }) {
  const title = h("h2", { class: "mr-panel-title", id: "mr-panel-title", tabindex: "-1" });
  const about = h("div", { class: "mr-panel-about" });
  const alert = h("div", { role: "alert" });
  const text = h("div", { class: "mr-panel-text", tabindex: "0", role: "region", "aria-label": "Text" });
  const where = h("p", { class: "mr-panel-where", role: "status" });
  const before = h("button", { type: "button", class: "mr-button" }, "Previous page");
  const after = h("button", { type: "button", class: "mr-button" }, "Next page");
  const back = h("button", { type: "button", class: "mr-button" }, "Back to the quote");
  const link = h("a", { class: "mr-panel-link" }, "Link to this place");
  const close = h("button", { type: "button", class: "mr-button mr-close" }, "Close");
  const element = h(
    "dialog",
    { class: "mr-panel", "aria-labelledby": "mr-panel-title" },
    h("div", { class: "mr-panel-head" }, title, close),
    about,
    h("div", { class: "mr-panel-bar" }, before, where, after, back),
    alert,
    text,
    h("p", { class: "mr-panel-foot" }, link),
  );
  root.append(element);
  let target = null;
  let shown = null;
  let document_ = null;
  let returnTo = null;
  let reading = null;
  let length = Infinity; // of a document without pages, as soon as its end was seen

  const turn = async (step) => {
    const next = neighbour(document_, shown, step, length);
    if (!next) return;
    const edge = shown[shown.length - 1].end;
    await read(next.start, next.end);
    if (step > 0 && shown[shown.length - 1].end === edge) {
      length = edge;
      turnOff(() => (after.disabled = true));
    }
  };
  before.addEventListener("click", () => turn(-1));
  after.addEventListener("click", () => turn(1));
  back.addEventListener("click", () => read(target.start, target.end));
  close.addEventListener("click", () => element.close());
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      element.close();
    }
  });
  element.addEventListener("close", () => {
    reading?.abort();
    if (returnTo?.isConnected) returnTo.focus();
    returnTo = null;
  });

  /** Show the pages that the characters `start` to `end` touch. */
  async function read(start, end) {
    reading?.abort();
    reading = new AbortController();
    const { signal } = reading;
    text.setAttribute("aria-busy", "true");
    where.textContent = "Opening…";
    fill(alert);
    try {
      document_ ??= await api.document(target.document.id, { signal });
      drawHead();
      const place = placeIn(document_, target, start, end);
      const page = blankPage(document_, place.start, place.end);
      const form = page
        ? { pages: [{ ...page, text: "" }] }
        : await api.documentText(
            target.document.id, place.start, Math.min(place.end, place.start + LONGEST), { signal },
          );
      shown = form.pages;
      drawText();
    } catch (error) {
      if (signal.aborted) return;
      where.textContent = "";
      fill(alert, problem(error.status === 404 ? GONE : error));
    } finally {
      if (!signal.aborted) text.removeAttribute("aria-busy");
    }
  }

  function drawHead() {
    const info = document_ ?? target.document;
    title.textContent = info.title || "Source";
    const section = target.section ?? sectionAt(document_, target.start);
    fill(
      about,
      warningList(allCautions(info), "Warnings about this document"),
      facts(standing(info)),
      facts([sectionWords(section, info.title)]),
    );
  }

  /** A button that ends with its own press (the last page) hands the focus on to the text. */
  function turnOff(change) {
    const focused = element.getRootNode().activeElement; // hiding it takes the focus at once
    change();
    if (focused?.disabled || focused?.hidden) text.focus({ preventScroll: true });
  }

  function drawText() {
    const { pages, found } = marked(shown, target);
    fill(text, pages);
    const paged = (document_.page_list ?? []).length > 0;
    where.textContent = paged ? pagePlace(document_, shown) : "This document has no pages";
    before.textContent = paged ? "Previous page" : "Earlier text";
    after.textContent = paged ? "Next page" : "Later text";
    turnOff(() => {
      before.disabled = !neighbour(document_, shown, -1, length);
      after.disabled = !neighbour(document_, shown, 1, length);
      back.hidden = found !== "elsewhere";
    });
    if (found === "differs") {
      const message = "The text here is not the quote that was cited.";
      fill(alert, problem({ message, remedy: "Read the whole page." }));
    }
    link.href = sourceLink(target, linkBase);
    link.hidden = false;
    const mark = text.querySelector("mark");
    if (mark) mark.scrollIntoView({ block: "center" });
    else text.scrollTop = 0;
  }

  return {
    element,
    get isOpen() {
      return element.open;
    },

    /** Open at a target; the focus goes to the panel's heading and, when it closes, back. */
    open(wanted, returnFocus = null) {
      target = wanted;
      returnTo = returnFocus;
      document_ = null;
      shown = null;
      length = Infinity;
      fill(text);
      before.disabled = after.disabled = true;
      back.hidden = link.hidden = true;
      drawHead();
      if (!element.open) {
        const over = modal === "auto" ? window.matchMedia(NARROW).matches : modal;
        if (over) element.showModal();
        else element.show();
      }
      title.focus({ preventScroll: true });
      return read(target.start, target.end);
    },

    close() {
      if (element.open) element.close();
    },
  };
}

/** Where to read: as wanted, else the page that was named, else the beginning. */
export function placeIn(info, target, start, end) {
  if (Number.isInteger(start) && start >= 0) {
    return { start, end: Number.isInteger(end) ? end : start };
  }
  const label = target.pages?.[0];
  const pages = info.page_list ?? [];
  const page =
    pages.find((one) => one.label === label) ?? pages.find((one) => String(one.number) === label);
  return page ? { start: page.start, end: page.end } : { start: 0, end: 0 };
}

/** The page that is asked for when it holds no text at all, or null. */
function blankPage(info, start, end) {
  if (start < end) return null;
  return (info.page_list ?? []).find((one) => one.start === start && one.end === end) ?? null;
}

/** The page before (-1) or after (1) those shown, or null; without pages, the text beside them. */
export function neighbour(info, shown, step, length = Infinity) {
  if (!info || !shown?.length) return null;
  const edge = step < 0 ? shown[0] : shown[shown.length - 1];
  const pages = info.page_list ?? [];
  if (pages.length > 0) {
    const index = pages.findIndex((page) => page.number === edge.number);
    return index < 0 ? null : (pages[index + step] ?? null);
  }
  if (step < 0) return edge.start > 0 ? { start: edge.start, end: edge.start } : null;
  const last = (info.sections ?? []).reduce((most, section) => Math.max(most, section.end), 0);
  return edge.end < Math.min(length, last || length) ? { start: edge.end, end: edge.end } : null;
}

/** The headings above a character, outermost first, as "A > B". */
export function sectionAt(info, start) {
  return (info?.sections ?? [])
    .filter((section) => section.start <= start && start < section.end)
    .sort((one, other) => one.level - other.level)
    .map((section) => section.title)
    .join(" > ");
}

/** The pages as elements, with the target's characters in <mark>; what became of its quote. */
function marked(shown, target) {
  const wanted = Number.isInteger(target.start) && target.end > target.start;
  const { start, end } = wanted ? target : { start: 0, end: 0 };
  let inside = "";
  const pages = shown.map((page) => {
    const [head, quote, tail] = cut(page.text, start - page.start, end - page.start);
    inside += quote;
    const body = h("div", { class: "mr-page-text" }, head, quote ? h("mark", {}, quote) : null, tail);
    if (!page.text.trim()) append(body, "This page has no text.");
    return h("section", { class: "mr-page", "aria-label": page.label ? `Page ${page.label}` : null },
      page.label ? h("h3", { class: "mr-page-label" }, `Page ${page.label}`) : null, body);
  });
  const reaches = shown.some((page) => page.start < end && start < page.end);
  if (!wanted || !reaches) return { pages, found: wanted ? "elsewhere" : "none" };
  const complete = shown[0].start <= start && end <= shown[shown.length - 1].end;
  const bare = (words) => words.replace(/\s+/g, "");
  const same = !target.quote || !complete || bare(inside) === bare(target.quote);
  return { pages, found: same ? "here" : "differs" };
}

function pagePlace(info, shown) {
  const last = info.page_list[info.page_list.length - 1];
  const labels = shown.map((page) => page.label || page.number);
  const several = `Pages ${labels[0]} to ${labels[labels.length - 1]}`;
  const words = labels.length === 1 ? `Page ${labels[0]}` : several;
  return `${words} (last page: ${last.label || last.number})`;
}
