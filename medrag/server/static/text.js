/**
 * Pure functions on text. The server counts characters as Unicode code points; a JavaScript string
 * counts UTF-16 units, of which a character outside the basic plane takes two.
 * @module
 */

/**
 * The UTF-16 index at which the code point number `codePoints` begins, held within the text.
 * @param {string} text
 * @param {number} codePoints
 * @returns {number}
 */
export function toUtf16(text, codePoints) {
  let index = 0;
  for (let seen = 0; seen < codePoints && index < text.length; seen += 1) {
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/**
 * A text in three: before, inside and after the code points `start` to `end` (exclusive).
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @returns {[string, string, string]}
 */
export function cut(text, start, end) {
  const from = toUtf16(text, start);
  const to = toUtf16(text, Math.max(start, end));
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}

/**
 * A sentence without the markers at its end: "Stop it. [1][2]" gives "Stop it." and [1, 2].
 * Only markers that the sentence is known to cite are taken off; other brackets are its own.
 * @param {string} text
 * @param {number[]} markers
 * @returns {{text: string, markers: number[]}}
 */
export function splitMarkers(text, markers) {
  let rest = text.trimEnd();
  const found = [];
  for (;;) {
    const match = /\s*\[(\d{1,4})\]$/.exec(rest);
    if (!match || !markers.includes(Number(match[1]))) break;
    found.unshift(Number(match[1]));
    rest = rest.slice(0, match.index);
  }
  return { text: rest, markers: [...new Set([...found, ...markers])] };
}

/** "1 question", "2 questions". */
export function count(number, noun, plural = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

/** "less than 0.1 seconds", "0.4 seconds", "12 seconds", "2 min 5 s". */
export function duration(seconds) {
  if (seconds < 0.05) return "less than 0.1 seconds";
  if (seconds < 10) return `${seconds.toFixed(1)} seconds`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} seconds`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** "512 bytes", "1.2 MB". */
export function bytes(number) {
  if (number < 1000) return count(number, "byte");
  if (number < 1e6) return `${Math.round(number / 1000)} kB`;
  return `${(number / 1e6).toFixed(1)} MB`;
}

/** "page 2", "pages 2 to 3"; empty where the document has no pages. */
export function pageWords(labels) {
  if (!labels || labels.length === 0 || labels[0] === "") return "";
  const last = labels[labels.length - 1];
  return labels.length === 1 ? `page ${labels[0]}` : `pages ${labels[0]} to ${last}`;
}

/** Whether an ISO date lies before `today` (also ISO). Partial dates such as "2024" count to their end. */
export function isPast(date, today) {
  if (!/^\d{4}(-\d{2}(-\d{2})?)?$/.test(date || "")) return false;
  return date < today.slice(0, date.length);
}

/** Date and time as "2026-01-31 03:07", which nobody can read the wrong way round. */
export function moment(now = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  return `${today(now)} ${two(now.getHours())}:${two(now.getMinutes())}`;
}

/** Today as an ISO date, where the reader sits. */
export function today(now = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
