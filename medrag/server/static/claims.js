/**
 * The parts of an answer as elements: sentences with their verdicts, warnings, withheld sentences,
 * sources and nearest passages.
 * @module
 */
import { h, hidden, sign } from "./dom.js";
import { count, isPast, pageWords, splitMarkers, today } from "./text.js";
import { verdictWords } from "./words.js";

/** A section's path as people read it, without the document's title that stands beside it. */
export function sectionWords(section, title = "") {
  const parts = (section || "").split(" > ");
  return (parts[0] === title ? parts.slice(1) : parts).join(" › ");
}

const LATE = "review was due";

/** Version, dates and status of a document, in words. */
export function standing(document, now = today()) {
  const words = [];
  if (document.version) words.push(`version ${document.version}`);
  if (document.effective_date) words.push(`in force from ${document.effective_date}`);
  if (document.review_date) {
    const late = isPast(document.review_date, now);
    words.push(`${late ? LATE : "review by"} ${document.review_date}`);
  }
  if (document.status) words.push(document.status);
  return words;
}

/** Facts in a line, each kept together; one that is overdue stands out. */
export function facts(words) {
  const told = words.filter(Boolean);
  if (told.length === 0) return null;
  return h(
    "p",
    { class: "mr-meta" },
    told.map((word, index) => [
      index > 0 ? "\u00a0· " : null, // a line does not begin with the dot
      h("span", { class: word.startsWith(LATE) ? "mr-fact mr-late" : word.length < 40 && "mr-fact" }, word),
    ]),
  );
}

const GONE = /\b(superseded|withdrawn|replaced|obsolete|archived|retired|rescinded)\b/i;
const DRAFT = /\bdraft\b/i;

/** What a document warns of itself: how it was read, and that it is a draft or not in force. */
export function cautions(document) {
  const found = [...(document.warnings || [])];
  const status = document.status || "";
  const told = (words) => found.some((one) => words.test(one));
  if (GONE.test(status) && !told(GONE)) found.unshift(`No longer in force: ${status}`);
  else if (DRAFT.test(status) && !told(DRAFT)) found.unshift(`A draft: ${status}`);
  return found;
}

/** As `cautions`, and whether its review is overdue. */
export function allCautions(document, now = today()) {
  const late = isPast(document.review_date, now);
  return [...cautions(document), ...(late ? [`Its review was due on ${document.review_date}.`] : [])];
}

/** Warnings as a list that cannot be missed; null where there are none. */
export function warningList(warnings, label = "Warnings") {
  if (!warnings || warnings.length === 0) return null;
  return h(
    "ul",
    { class: "mr-warnings", "aria-label": label },
    warnings.map((words) => h("li", {}, sign("⚠"), hidden("Warning: "), words)),
  );
}

/** Where a claim's marker leads: to its evidence, else to the whole passage. */
export function targetOf(source, claim = null) {
  const evidence = claim?.evidence?.marker === source.marker ? claim.evidence : null;
  return {
    document: source.document,
    marker: source.marker,
    section: source.section,
    start: evidence ? evidence.start : source.start,
    end: evidence ? evidence.end : source.end,
    quote: evidence ? evidence.quote : null,
    pages: evidence?.pages?.length ? evidence.pages : source.pages,
  };
}

/** Where a target stands, in few words: its page, or the last heading above it. */
export function placeWords(target) {
  const page = pageWords(target.pages);
  if (page) return page;
  const heading = (target.section || "").split(" > ").pop();
  if (heading === target.document.title) return "";
  return heading.length > 48 ? `${heading.slice(0, 46).trimEnd()}…` : heading;
}

/** A marker such as "[1] page 2", which opens its source. */
export function markerButton(target, onSource) {
  const button = h(
    "button",
    { type: "button", class: "mr-marker", "data-marker": target.marker },
    `[${target.marker}] ${placeWords(target)}`.trim(),
    hidden(`, open ${target.document.title}`),
  );
  button.addEventListener("click", () => onSource(target, button));
  return button;
}

/**
 * A sentence with its verdict in words, its markers and what was found against it.
 * @param {object} claim claim form
 * @param {Map<number, object>} sources by marker
 */
export function claimItem(claim, sources, onSource) {
  const { label, sign: mark, words } = verdictWords(claim);
  const { text, markers } = splitMarkers(claim.text, claim.markers);
  const cited = markers.map((marker) =>
    sources.has(marker)
      ? markerButton(targetOf(sources.get(marker), claim), onSource)
      : h("span", { class: "mr-unlinked" }, `[${marker}]`),
  );
  return h(
    "li",
    { class: `mr-claim mr-${label}` },
    h("p", { class: "mr-text" }, text),
    h("p", { class: "mr-verdict" }, h("span", { class: "mr-word" }, sign(mark), words), cited),
    claim.problems?.length
      ? h("ul", { class: "mr-problems" }, claim.problems.map((problem) => h("li", {}, problem)))
      : null,
  );
}

/** Sentences that were not shown, folded away; null where there are none. */
export function withheldFold(claims, sources, onSource, { running = false } = {}) {
  if (claims.length === 0) return null;
  const them = claims.length === 1 ? "it" : "them";
  return h(
    "details",
    { class: "mr-withheld" },
    h(
      "summary",
      {},
      sign("⊘"),
      `${count(claims.length, "sentence")} withheld${running ? " so far" : ""}`,
    ),
    h(
      "p",
      {},
      `${claims.length === 1 ? "This was" : "These were"} written and withheld, because the check`,
      ` found that the sources do not say so. Never use ${them}.`,
    ),
    h("ul", { class: "mr-claims" }, claims.map((claim) => claimItem(claim, sources, onSource))),
  );
}

const squeezed = (text) => text.replace(/\s+/g, " ").trim();

/** The documents that an answer stands on, with the quotes, once each. */
export function sourceList(sources, claims, onSource) {
  return h(
    "ul",
    { class: "mr-sources" },
    sources.map((source) => sourceItem(source, claims, onSource)),
  );
}

function sourceItem(source, claims, onSource) {
  const mine = claims.filter((claim) => claim.evidence?.marker === source.marker);
  const target = targetOf(source, mine[0]);
  const button = h("button", { type: "button", class: "mr-source-title" }, source.document.title);
  button.addEventListener("click", () => onSource(target, button));
  const quotes = new Map();
  for (const claim of mine) {
    const said = squeezed(splitMarkers(claim.text, claim.markers).text);
    const quote = squeezed(claim.evidence.quote);
    // On the screen a quote that is the sentence itself needs no second line; on paper it does.
    quotes.set(quote, { same: quote === said, pages: pageWords(claim.evidence.pages) });
  }
  return h(
    "li",
    { "data-marker": source.marker },
    h("p", { class: "mr-source-line" }, h("span", { class: "mr-number" }, `[${source.marker}]`), button),
    facts([pageWords(source.pages), sectionWords(source.section, source.document.title)]),
    facts(standing(source.document)),
    warningList(cautions(source.document), `Warnings about ${source.document.title}`),
    [...quotes].map(([quote, { same, pages }]) =>
      h(
        "blockquote",
        { class: same ? "mr-quote mr-print-only" : "mr-quote" },
        `“${quote}”`,
        pages ? ` (${pages})` : "",
      ),
    ),
  );
}

/** A passage's text without the heading that it begins with: that is told beside it. */
function withoutHeading({ text, section }) {
  const heading = (section || "").split(" > ").pop();
  const begins = heading && text.startsWith(`${heading}\n`);
  return begins ? text.slice(heading.length) : text;
}

/** The nearest passages of an abstention: clearly no answer. */
export function nearestList(sources, onSource) {
  return h(
    "ul",
    { class: "mr-nearest" },
    sources.map((source) => {
      const target = targetOf(source);
      const button = h("button", { type: "button", class: "mr-source-title" }, source.document.title);
      button.addEventListener("click", () => onSource(target, button));
      const section = sectionWords(source.section, source.document.title);
      return h(
        "li",
        {},
        h("p", { class: "mr-source-line" }, button),
        facts([pageWords(source.pages), section, ...standing(source.document)]),
        warningList(cautions(source.document), `Warnings about ${source.document.title}`),
        h("p", { class: "mr-snippet" }, squeezed(withoutHeading(source))),
      );
    }),
  );
}
