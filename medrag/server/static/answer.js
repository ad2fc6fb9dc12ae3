/**
 * An answer on the screen, as it comes: progress, the word-for-word answer at once, sentences of a
 * language model as they are checked, what was withheld, the sources. Used by page and widget.
 * @module
 */
import { drawArticle } from "./article.js";
import { fill, h, problem } from "./dom.js";
import { count } from "./text.js";
import { stepKind, stepWords, summary } from "./words.js";

export { DISCLAIMER, renderAnswer } from "./article.js";
export { splitMarkers } from "./text.js";
export { stepWords, verdictWords } from "./words.js";

/** Seconds between two things said to a screen reader while an answer is made. */
const QUIET = 4;

/**
 * A view of one question after another.
 * @param {Element} root what it is built into; emptied first
 * @param {object} [options]
 * @param {(target: object, button: Element) => void} [options.onSource] a source was asked for
 * @param {() => void} [options.onCancel] Cancel was pressed
 * @param {() => void} [options.onRetry] Try again was pressed
 * @param {number} [options.headingLevel] of the question; 1 to 4
 */
export function answerView(
  root,
  { onSource = () => {}, onCancel = () => {}, onRetry = () => {}, headingLevel = 2 } = {},
) {
  const live = h("p", { class: "mr-hidden", role: "status" });
  const words = h("span", { class: "mr-step" });
  const clock = h("span", { class: "mr-clock" });
  const progress = h(
    "div",
    { class: "mr-progress", hidden: true },
    h("span", { class: "mr-spinner", "aria-hidden": "true" }),
    words,
    clock,
    h("button", { type: "button", class: "mr-button mr-cancel", onClick: onCancel }, "Cancel"),
  );
  const alert = h("div", { class: "mr-alert-region", role: "alert" });
  const article = h("article", { class: "mr-answer", hidden: true });
  const body = h("div", {}, progress, alert, article);
  fill(root, live, body);
  let state = null;
  let timer = null;
  let countdown = null;

  const say = (spoken) => {
    live.textContent = spoken;
  };

  const draw = () => drawArticle(article, state, { onSource, headingLevel });

  const settle = () => {
    clearInterval(timer);
    clearInterval(countdown);
    progress.hidden = true;
    if (state) state.running = false;
  };

  const step = (form) => {
    const now = stepWords(form);
    if (now) words.textContent = now;
    const kind = stepKind(form);
    if (now && kind !== state.kind && Date.now() - state.spoken > QUIET * 1000) {
      say(now);
      state.kind = kind;
      state.spoken = Date.now();
    }
  };

  const tick = () => {
    const seconds = Math.floor((Date.now() - state.started) / 1000);
    clock.textContent = seconds > 0 ? `${seconds} s` : "";
  };

  return {
    /** A question was sent. `scope`: names of the collections looked into, null for all. */
    start(question, { scope = null } = {}) {
      settle();
      state = {
        question, scope, asked: null, verbatim: null, answer: null, composed: [], withheld: [],
        running: true, started: Date.now(), spoken: 0, kind: "",
      };
      fill(alert);
      words.textContent = "sending the question";
      clock.textContent = "";
      progress.hidden = false;
      timer = setInterval(tick, 1000);
      say("Searching.");
      state.spoken = Date.now();
      draw();
    },

    /** An event form of the answer's stream. */
    follow(form) {
      if (!state) return;
      step(form);
      if (form.event === "rephrased") state.asked = form.question;
      else if (form.event === "verbatim") {
        state.verbatim = form.answer;
        say(`Word-for-word answer: ${summary(form.answer)} A language model goes on.`);
        state.spoken = Date.now();
      } else if (form.event === "sentence") {
        (form.shown ? state.composed : state.withheld).push(form.claim);
      } else if (form.event === "answer") {
        state.answer = form.answer;
        settle();
        say(`Answer ready. ${summary(form.answer)}`);
      } else return;
      draw();
    },

    /** It failed: what is shown stays, and is said to be incomplete. */
    fail(error) {
      settle();
      say("");
      fill(alert, failure(error, onRetry, (started) => (countdown = started)), remainder(state));
      if (state) draw();
    },

    /** It was cancelled by the reader. */
    cancelled() {
      settle();
      if (!state || state.answer) return;
      say("Cancelled.");
      fill(alert, h("p", { class: "mr-note" }, "Cancelled."), remainder(state));
      draw();
    },

    /** Empty it. */
    clear() {
      settle();
      state = null;
      fill(alert);
      fill(article);
      article.hidden = true;
      say("");
    },

    destroy() {
      settle();
      root.replaceChildren();
    },
  };
}

/** What is true of the screen when an answer was not finished. */
function remainder(state) {
  if (!state?.verbatim) return null;
  const rest = state.composed.length ? " What the language model wrote is not complete." : "";
  return h("p", { class: "mr-note" }, `The word-for-word answer below is complete.${rest}`);
}

function failure(error, onRetry, onCountdown) {
  const again = h("button", { type: "button", class: "mr-button", onClick: onRetry }, "Try again");
  const wait = h("span", { class: "mr-wait" });
  let left = error.retryAfter ?? 0;
  if (left > 0) {
    const show = () => {
      wait.textContent = left > 0 ? `The server asks to wait ${count(left, "second")}.` : "";
    };
    const running = setInterval(() => {
      left -= 1;
      show();
      if (left <= 0) clearInterval(running);
    }, 1000);
    onCountdown(running);
    show();
  }
  // What to set on the server is no help to who asks: here it is to wait and try again.
  const told = error.status === 429 ? { message: error.message } : error;
  return problem(told, h("p", { class: "mr-actions" }, again, wait));
}
