/**
 * What verdicts and steps are called, for people.
 * @module
 */
import { count } from "./text.js";

const VERDICTS = {
  supported: { sign: "✓", words: "supported by", brief: "supported" },
  partial: { sign: "≈", words: "partly supported, check the source", brief: "partly supported" },
  unsupported: { sign: "✗", words: "not supported by", brief: "not supported" },
  contradicted: { sign: "≠", words: "contradicted by", brief: "contradicted" },
  uncited: { sign: "?", words: "no source cited", brief: "without a source" },
};

/**
 * A claim's verdict as a label, a sign and words. A label that is not known counts as unsupported.
 * @param {{verdict: string}} claim
 * @returns {{label: string, sign: string, words: string, brief: string}}
 */
export function verdictWords(claim) {
  const label = Object.hasOwn(VERDICTS, claim.verdict) ? claim.verdict : "unsupported";
  return { label, ...VERDICTS[label] };
}

/**
 * What goes on now, from an event of the answer's stream; empty when nothing does any more.
 * @param {object} form
 * @returns {string}
 */
export function stepWords(form) {
  switch (form.event) {
    case "queued":
      return form.position > 0
        ? `waiting, ${count(form.position, "question")} before yours`
        : "searching the documents";
    case "rephrased":
      return "searching the documents";
    case "verbatim":
      return "starting the language model";
    case "working":
      return workWords(form);
    case "sentence":
      return "writing and checking";
    default:
      return "";
  }
}

function workWords({ phase, done, total }) {
  switch (phase) {
    case "wait":
      return done > 0
        ? `waiting for the language model, ${count(done, "question")} before yours`
        : "waiting for the language model";
    case "load":
      return "loading the language model";
    case "read":
      return total > 0
        ? `reading the sources ${Math.min(100, Math.round((100 * done) / total))}%`
        : "reading the sources";
    case "think":
      return "thinking";
    case "write":
      return "writing and checking";
    default:
      return "working";
  }
}

/** The kind of a step: a listener is told when it changes, not of every percent. */
export function stepKind(form) {
  return form.event === "working" ? form.phase : `${form.event}${form.position ?? ""}`;
}

/** An answer in one spoken line: how many sentences, with which verdicts, what was withheld. */
export function summary(answer) {
  if (answer.abstained) return `The documents do not answer this. ${answer.reason || ""}`.trim();
  const verdicts = new Map();
  for (const claim of answer.claims) {
    const { brief } = verdictWords(claim);
    verdicts.set(brief, (verdicts.get(brief) || 0) + 1);
  }
  const parts = [...verdicts].map(([brief, number]) => `${number} ${brief}`);
  const withheld = answer.withheld.length > 0 ? ` ${answer.withheld.length} withheld.` : "";
  const warnings = answer.warnings.length > 0 ? ` ${count(answer.warnings.length, "warning")}.` : "";
  return `${count(answer.claims.length, "sentence")}: ${parts.join(", ")}.${withheld}${warnings}`;
}
