/**
 * The ask box on somebody else's page:
 *
 *   <script src="https://medrag.example/widget.js" data-medrag data-key="mr_..."></script>
 *
 * data-key         a key of role reader, bound to the collections and origins of this page
 * data-collection  look only into these collections (commas between)
 * data-title       the heading; "Ask the documents" where it is left out
 * data-theme       dark or light; else as the reader's system is set
 * data-target      the id of the element to be put into; else the box follows the script
 *
 * It lives in a shadow root, leaves no global behind and sets no inline style. A page with a content
 * security policy names medrag's origin in script-src and connect-src; medrag names the page's
 * origin in cors_origins. What page and box share is loaded from the script's own origin.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return; // run as a module, or by eval: nobody knows where it belongs
  const home = new URL(".", script.src);
  const { key = "", collection = "", title = "Ask the documents", theme, target } = script.dataset;
  const collections = collection.split(",").map((name) => name.trim()).filter(Boolean);
  const file = (name) => new URL(`static/${name}`, home).href;

  /** The modules that the page itself is made of. A browser loads each once, whoever asks. */
  const modules = Promise.all(["api.js", "answer.js", "source.js", "dom.js"].map((name) => import(file(name))));
  const styles = Promise.all(["answer.css", "widget.css"].map(read));
  for (const promise of [modules, styles]) promise.catch(() => {}); // told in mount()

  /** What keeps the page's own rules out: an important rule of :host wins over the page's. */
  const SHUT_OFF = `
    :host { all: initial !important; display: block !important; unicode-bidi: isolate !important;
            direction: ltr !important; }
    .mw-box { font: medium/1.5 system-ui, sans-serif; text-align: start; }
    [hidden] { display: none !important; }`;

  const place = () => {
    const host = document.createElement("div");
    if (theme === "dark" || theme === "light") host.dataset.theme = theme;
    const into = target ? document.getElementById(target.replace(/^#/, "")) : null;
    if (into) into.append(host);
    else if (script.isConnected && document.body?.contains(script)) script.after(host);
    else document.body.append(host);
    mount(host);
  };

  async function read(name) {
    const response = await fetch(file(name), { credentials: "omit" });
    if (!response.ok) throw new Error(name);
    return response.text();
  }

  function sheet(text) {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    return made;
  }

  /** The box in a shadow root of `host`; nothing is shown before it is dressed. */
  async function mount(host) {
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet(SHUT_OFF)];
    const box = document.createElement("section");
    box.className = "mw-box";
    box.setAttribute("aria-label", title);
    try {
      const [shared, texts] = await Promise.all([modules, styles]);
      root.append(box);
      // A page may have set rem to anything; here it is the size that the reader chose.
      const rem = parseFloat(getComputedStyle(box).fontSize) || 16;
      const sized = (text) => text.replace(/\b(\d*\.?\d+)rem\b/g, (_, times) => `${times * rem}px`);
      root.adoptedStyleSheets.push(...texts.map((text) => sheet(sized(text))));
      fill(host, box, shared);
    } catch {
      const words = document.createElement("p");
      words.setAttribute("role", "alert");
      words.textContent =
        `${title}: the ask box cannot be loaded from ${home.host}. Whoever looks after this page` +
        ` checks that medrag runs, allows ${location.origin} in [serve] cors_origins, and is named` +
        " in this page's content security policy.";
      box.replaceChildren(words);
      root.append(box);
    }
  }

  function fill(host, box, [{ createApi }, { answerView }, { sourcePanel }, { h }]) {
    const question = h("textarea", {
      id: "mw-question", class: "mw-question", rows: "2", maxlength: "4000",
      autocomplete: "off", spellcheck: "false", "aria-describedby": "mw-help mw-alert",
    }); // prettier-ignore
    const alert = h("p", { id: "mw-alert", class: "mw-alert", role: "alert" });
    const send = h("button", { type: "submit", class: "mr-button mw-ask" }, "Ask");
    const open = h(
      "a",
      { class: "mw-open", href: home.href, target: "_blank", rel: "noopener noreferrer" },
      "Open medrag",
      h("span", { class: "mr-hidden" }, " (in a new tab)"),
    );
    const form = h(
      "form",
      { class: "mw-form" },
      h("label", { for: "mw-question", class: "mw-label" }, "Your question"),
      question,
      h("p", { id: "mw-help", class: "mr-meta" },
        "Enter asks, Shift and Enter begins a new line, Escape cancels. Leave out names of patients."),
      alert,
      h("p", { class: "mw-row" }, send, open),
    );
    const answer = h("div", { class: "mw-answer" });
    box.append(h("h2", { class: "mw-title" }, title), form, answer);

    const api = createApi({ base: home.href, key: () => key || null });
    const panel = sourcePanel(box, { api, modal: true, linkBase: home.href });
    const panelLink = panel.element.querySelector("a");
    panelLink?.setAttribute("target", "_blank");
    panelLink?.setAttribute("rel", "noopener noreferrer");
    let asking = null;
    let last = null;
    const view = answerView(answer, {
      headingLevel: 3,
      onSource: (source, button) => panel.open(source, button),
      onCancel: () => asking?.abort(),
      onRetry: () => last && ask(last),
    });

    /** The box was taken off the page: end what runs for it. */
    const left = () => {
      if (host.isConnected) return false;
      asking?.abort();
      view.destroy();
      return true;
    };

    async function ask(words) {
      asking?.abort();
      const mine = new AbortController();
      asking = mine;
      last = words;
      const scope = collections.length > 0 ? collections : null;
      // Behind the #, so that no server is sent it; medrag's page puts it into its own box.
      open.href = `${home.href}#/ask?q=${encodeURIComponent(words)}`;
      view.start(words, { scope });
      const onEvent = (event) => {
        if (!left() && mine === asking) view.follow(event);
      };
      try {
        const request = { question: words, collections: scope, generator: null, history: [] };
        await api.ask(request, { signal: mine.signal, onEvent });
      } catch (error) {
        if (mine !== asking || left()) return;
        if (!mine.signal.aborted) view.fail(error);
        else {
          view.cancelled();
          question.focus();
        }
      } finally {
        if (mine === asking) asking = null;
      }
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = question.value.trim();
      alert.textContent = words ? "" : "Write a question first.";
      if (words) ask(words);
      else question.focus();
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) asking?.abort();
    });
    question.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  if (document.readyState === "loading" && (target || !document.body)) {
    document.addEventListener("DOMContentLoaded", place, { once: true });
  } else place();
})();
