/**
 * An answer as an article: what is known of it so far, or the whole.
 * @module
 */
import { claimItem, nearestList, sourceList, warningList, withheldFold } from "./claims.js";
import { fill, h, patch } from "./dom.js";
import { duration } from "./text.js";

/** The generator that quotes; every other is a language model. */
const QUOTES = "extractive";

export const DISCLAIMER = "Not a medical device. Read the source before you act on it.";

/**
 * A whole answer that needs no stream.
 * @param {Element} root
 * @param {object} answer answer form
 */
export function renderAnswer(
  root, answer, { onSource = () => {}, headingLevel = 2, scope = null, asked = null } = {},
) {
  const article = h("article", { class: "mr-answer" });
  const state = {
    question: answer.question, scope, asked, verbatim: null, answer, composed: [], withheld: [],
    running: false,
  };
  drawArticle(article, state, { onSource, headingLevel });
  fill(root, article);
}

/**
 * Draw what is known so far. What has not changed keeps its elements: focus and selection stay.
 * @param {Element} article
 * @param {object} state question, asked, scope, verbatim and answer (answer forms or null), composed
 *   and withheld (claim forms that have come so far), running
 */
export function drawArticle(article, state, { onSource, headingLevel }) {
  const root = article.getRootNode();
  const focused = article.contains(root.activeElement) ? root.activeElement : null;
  const open = article.querySelector("details.mr-withheld")?.open ?? false;
  const under = `h${headingLevel + 1}`;
  const whole = state.answer;
  const fresh = h(
    "article",
    {},
    h(`h${headingLevel}`, { class: "mr-question", tabindex: "-1" }, state.question),
    state.asked ? h("p", { class: "mr-asked" }, `Asked as: ${state.asked}`) : null,
    whole?.abstained ? abstention(state, under, onSource) : answered(state, under, onSource),
    whole ? foot(whole) : null,
  );
  const fold = fresh.querySelector("details.mr-withheld");
  if (fold) fold.open = open;
  article.hidden = false;
  patch(article, fresh);
  if (focused && !focused.isConnected) {
    const same = [...article.querySelectorAll("button, summary")].find(
      (one) => one.textContent === focused.textContent,
    );
    same?.focus({ preventScroll: true });
  }
}

function answered(state, under, onSource) {
  const { verbatim, answer, composed } = state;
  const quoting = verbatim ?? (answer?.generator === QUOTES ? answer : null);
  const writing = answer && answer !== quoting ? answer : null;
  const stands = writing !== null && writing.generator !== quoting?.generator;
  const sources = known(verbatim, answer);
  const claims = [...(quoting?.claims ?? []), ...(stands ? writing.claims : composed)];
  const items = (some) => some.map((claim) => claimItem(claim, sources, onSource));
  const list = (some) => h("ol", { class: "mr-claims" }, items(some));
  const parts = [];
  if (quoting) {
    parts.push(
      h("section", { class: "mr-part" },
        h(under, {}, "Word for word from your documents"),
        warningList(quoting.warnings),
        list(quoting.claims)),
    );
  }
  if (writing && !stands) {
    parts.push(
      h("section", { class: "mr-part" },
        h("p", { class: "mr-note" }, "The word-for-word answer above is the answer."),
        warningList(added(writing.warnings, quoting.warnings))),
    );
  } else if (stands || composed.length > 0) {
    const by = writing ? `Written by ${writing.generator}` : "Written by the language model";
    parts.push(
      h("section", { class: "mr-part" },
        h(under, {}, `${by}, checked sentence by sentence`),
        warningList(writing?.warnings),
        list(stands ? writing.claims : composed)),
    );
  }
  const held = withheldOf(state);
  parts.push(withheldFold(held, sources, onSource, { running: state.running }));
  if (sources.size > 0) {
    parts.push(
      h("section", { class: "mr-part" },
        h(under, {}, "Sources"),
        sourceList([...sources.values()], claims, onSource)),
    );
  }
  return parts;
}

function abstention(state, under, onSource) {
  const { answer, scope } = state;
  const sources = known(null, answer);
  return [
    h(
      "section",
      { class: "mr-abstained" },
      h(under, {}, "The documents do not answer this."),
      h("p", {}, answer.reason || answer.text),
      scope ? h("p", {}, `Only looked into: ${scope.join(", ")}.`) : null,
    ),
    warningList(answer.warnings),
    withheldFold(withheldOf(state), sources, onSource),
    answer.sources.length > 0
      ? h(
          "section",
          { class: "mr-part" },
          h(under, {}, "Nearest passages, not an answer"),
          nearestList(answer.sources, onSource),
        )
      : null,
  ];
}

/** Sources by marker, in the order of their markers. */
function known(...answers) {
  const found = new Map();
  for (const answer of answers) {
    for (const source of answer?.sources ?? []) found.set(source.marker, source);
  }
  return new Map([...found].sort(([one], [other]) => one - other));
}

const added = (warnings, before) => warnings.filter((words) => !before.includes(words));

/** Every withheld sentence that is known of, once. */
function withheldOf({ verbatim, answer, withheld }) {
  const every = [...(verbatim?.withheld ?? []), ...(answer?.withheld ?? withheld)];
  return [...new Map(every.map((claim) => [claim.text, claim])).values()];
}

function foot(answer) {
  const whose = answer.generator === QUOTES ? "Quoted word for word" : `Written by ${answer.generator}`;
  return h(
    "footer",
    { class: "mr-foot" },
    h("p", {}, DISCLAIMER),
    h(
      "p",
      {},
      `${answer.abstained ? "Searched" : whose} in ${duration(answer.usage.seconds)}. Fingerprint `,
      h("code", {}, answer.fingerprint),
    ),
  );
}
