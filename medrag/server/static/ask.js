/**
 * The ask view: the box, the answer, the questions before it.
 * @module
 */
import { answerView, renderAnswer } from "./answer.js";
import { fill, h } from "./dom.js";

/** Earlier questions that a follow-up is read with. */
const TURNS = 3;
const LONGEST_ANSWER = 20000;

/** The last turns as the server takes them; an abstention counts as an empty answer. */
export function historyOf(turns) {
  return turns.slice(-TURNS).map(({ question, answer }) => ({
    question,
    answer: answer.abstained ? "" : answer.answer.slice(0, LONGEST_ANSWER),
  }));
}

/**
 * @param {Element} root
 * @param {{api: object, me: object, onSource: Function, onNew?: Function}} options onNew: what was
 *   shown of the answer before no longer belongs to what is asked
 */
export function askView(root, { api, me, onSource, onNew = () => {} }) {
  let turns = [];
  let running = null;
  let last = null;
  const box = h("textarea", {
    id: "question", rows: "2", maxlength: "4000", autocomplete: "off", spellcheck: "false",
    "aria-describedby": "box-help",
  });
  const where = h("select", { id: "where" });
  const whereField = h(
    "div", { class: "field", hidden: true }, h("label", { for: "where" }, "Look in"), where,
  );
  const quoting = h("input", { type: "checkbox", id: "quoting" });
  const quotingField = h(
    "div", { class: "field check", hidden: me.generator === "extractive" },
    quoting, h("label", { for: "quoting" }, "Word for word only (fast)"),
  );
  const follow = h("p", { class: "follow", hidden: true });
  const form = h(
    "form",
    { class: "ask", role: "search" },
    h("label", { for: "question", class: "box-label" }, "Your question"),
    box,
    h("p", { class: "mr-meta", id: "box-help" },
      "Enter asks, Shift and Enter begins a new line, Escape cancels. Leave out names of patients."),
    h("div", { class: "ask-row" }, whereField, quotingField,
      h("button", { type: "submit", class: "mr-button strong" }, "Ask")),
    follow,
  );
  const answerRoot = h("div", { class: "answer-root" });
  const print = h("button", { type: "button", class: "mr-button", onClick: () => window.print() }, "Print");
  const tools = h("p", { class: "tools", hidden: true }, print);
  const earlier = h(
    "section", { class: "earlier", "aria-label": "Earlier in this conversation", hidden: true },
  );
  fill(root, form, answerRoot, tools, earlier);
  // The button that was pressed goes away: the focus must not go with it.
  const returning = (act) => () => {
    box.focus({ preventScroll: true });
    act();
  };
  const view = answerView(answerRoot, {
    onSource, onCancel: returning(cancel), onRetry: returning(() => last && send(last)),
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask();
  });
  box.addEventListener("input", grow);

  function grow() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, window.innerHeight / 2)}px`;
  }

  function ask() {
    const question = box.value.trim();
    if (!question) return;
    last = {
      question,
      collections: where.value ? [where.value] : null,
      generator: quoting.checked ? "extractive" : null,
    };
    send(last);
  }

  async function send(request) {
    cancel();
    onNew();
    const mine = new AbortController();
    running = mine;
    tools.hidden = true;
    let asked = null;
    drawEarlier();
    view.start(request.question, { scope: request.collections });
    const onEvent = (event) => {
      if (running !== mine) return;
      if (event.event === "rephrased") asked = event.question;
      view.follow(event);
    };
    try {
      const history = historyOf(turns);
      const answer = await api.ask({ ...request, history }, { signal: mine.signal, onEvent });
      if (running !== mine) return;
      turns.push({ question: request.question, asked, answer, scope: request.collections });
      if (box.value.trim() === request.question) box.value = "";
      grow();
      tools.hidden = false;
      drawFollow();
    } catch (error) {
      if (running === mine && error.name !== "AbortError") view.fail(error);
    } finally {
      if (running === mine) running = null;
    }
  }

  function cancel() {
    if (!running) return false;
    running.abort();
    running = null;
    view.cancelled();
    return true;
  }

  function drawFollow() {
    follow.hidden = turns.length === 0;
    const again = h("button", { type: "button", class: "mr-button", onClick: fresh }, "New conversation");
    fill(follow, "The next question may follow up on this one. ", again);
  }

  /** The answers before the one that is shown, folded. */
  function drawEarlier() {
    earlier.hidden = turns.length === 0;
    const folds = turns.map(({ question, asked, answer, scope }) => {
      const holder = h("div", {});
      const fold = h("details", {}, h("summary", {}, question), holder);
      fold.addEventListener("toggle", () => {
        if (!fold.open || holder.hasChildNodes()) return;
        renderAnswer(holder, answer, { onSource, headingLevel: 3, scope, asked });
      });
      return fold;
    });
    fill(earlier, h("h2", {}, "Earlier in this conversation"), folds.reverse());
  }

  /** Forget what was said; the box is ready. */
  function fresh() {
    cancel();
    onNew();
    turns = [];
    last = null;
    view.clear();
    tools.hidden = true;
    drawEarlier();
    drawFollow();
    box.value = "";
    grow();
    box.focus();
  }

  return {
    cancel,
    fresh,
    focus: () => box.focus(),

    /** Put a question into the box; it is not sent. */
    prefill(question) {
      box.value = question.slice(0, 4000);
      grow();
      box.focus();
    },

    /** Offer the collections where there are several. */
    offer(collections) {
      const chosen = where.value;
      whereField.hidden = collections.length < 2;
      fill(where, h("option", { value: "" }, "all collections"),
        collections.map(({ name }) => h("option", { value: name }, name)));
      where.value = collections.some(({ name }) => name === chosen) ? chosen : "";
    },
  };
}
