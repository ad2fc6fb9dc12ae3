// The parts of the page that need no browser. Run by test_static.py: node --test
import assert from "node:assert/strict";
import { test } from "node:test";

const STATIC = new URL("../../medrag/server/static/", import.meta.url);
const load = (name) => import(new URL(name, STATIC));

const { SseReader, ApiError, createApi, errorOf, retryAfter } = await load("api.js");
const { cut, duration, isPast, moment, pageWords, splitMarkers, toUtf16 } = await load("text.js");
const { stepWords, summary, verdictWords } = await load("words.js");
const { neighbour, placeIn, sectionAt, sourceLink } = await load("source.js");
const { cautions, standing, targetOf, placeWords } = await load("claims.js");
const { curlLine, example, resolve } = await load("docs.js");
const { historyOf } = await load("ask.js");
const { fits } = await load("documents.js");
const { baseName, stateWords } = await load("uploads.js");

/** Numbers that look random and are the same in every run. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
}

const PIECES = ["a", "é", "😀", "𝒳", "\n", "e\u0301", " ", "漢", "mg"];

test("offsets count code points, whatever stands before them", () => {
  assert.equal(toUtf16("😀 Give 5 mg", 2), 3);
  assert.deepEqual(cut("😀😀 Give 𝒳 5 mg.", 3, 9), ["😀😀 ", "Give 𝒳", " 5 mg."]);
  assert.deepEqual(cut("abc", -5, 2), ["", "ab", "c"]);
  assert.deepEqual(cut("abc", 2, 99), ["ab", "c", ""]);
});

test("a cut is what slicing the list of characters gives", () => {
  const next = numbers(7);
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: next(30) }, () => PIECES[next(PIECES.length)]).join("");
    const characters = [...text];
    const start = next(characters.length + 1);
    const end = start + next(characters.length - start + 1);
    assert.deepEqual(cut(text, start, end), [
      characters.slice(0, start).join(""),
      characters.slice(start, end).join(""),
      characters.slice(end).join(""),
    ]);
  }
});

const STREAM =
  'event: queued\ndata: {"position": 1}\n\n: ping - 12:00\n\n' +
  'event: sentence\r\ndata: {"text": "5 µg 😀"}\r\n\r\n' +
  "data: two\rdata: lines\r\r" +
  'event: nothing\n\nid: 4\nevent:answer\ndata:{"x":1}\n\ndata: half';
const EVENTS = [
  { event: "queued", data: '{"position": 1}' },
  { event: "sentence", data: '{"text": "5 µg 😀"}' },
  { event: "message", data: "two\nlines" },
  { event: "answer", data: '{"x":1}' },
];

test("any cutting of the bytes gives the same events", () => {
  const bytes = new TextEncoder().encode(STREAM);
  const read = (chunks) => {
    const reader = new SseReader();
    return [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()];
  };
  assert.deepEqual(read([bytes]), EVENTS);
  assert.deepEqual(read([...bytes].map((byte) => new Uint8Array([byte]))), EVENTS);
  const next = numbers(11);
  for (let round = 0; round < 300; round += 1) {
    const chunks = [];
    for (let at = 0; at < bytes.length; ) {
      const size = next(12);
      chunks.push(bytes.slice(at, at + size));
      at += size;
    }
    assert.deepEqual(read(chunks), EVENTS);
  }
});

/** Answer fetch with this status, headers and chunks of text. */
function serve(t, status, headers, chunks) {
  const asked = [];
  t.mock.method(globalThis, "fetch", async (url, options) => {
    asked.push({ url: String(url), ...options });
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
        controller.close();
      },
    });
    return new Response(body, { status, headers });
  });
  return asked;
}

const api = createApi({ base: "https://host/medrag/", key: () => "mr_k" });

test("a stream ends with its answer; every event was told of before", async (t) => {
  const asked = serve(t, 200, {}, [
    'event: queued\ndata: {"event":"queued","position":0}\n\n',
    'event: answer\ndata: {"event":"answer","answer":{"answer":"Yes. [1]"}}\n\n',
  ]);
  const seen = [];
  const answer = await api.ask({ question: "Q" }, { onEvent: (form) => seen.push(form.event) });
  assert.deepEqual(answer, { answer: "Yes. [1]" });
  assert.deepEqual(seen, ["queued", "answer"]);
  assert.equal(asked[0].url, "https://host/medrag/v1/ask");
  assert.equal(asked[0].headers.Authorization, "Bearer mr_k");
  assert.deepEqual(JSON.parse(asked[0].body), { question: "Q", stream: true });
});

test("a stream that ends without an answer, or with an error, rejects", async (t) => {
  serve(t, 200, {}, ['data: {"event":"verbatim","answer":{}}\n\n', "data: {"]);
  await assert.rejects(api.ask({}), (error) => error instanceof ApiError && /before the answer/.test(error.message));
  t.mock.restoreAll();
  serve(t, 200, {}, ['event: error\ndata: {"event":"error","error":"Stopped.","remedy":"Ask again."}\n\n']);
  await assert.rejects(api.ask({}), { message: "Stopped.", remedy: "Ask again." });
  t.mock.restoreAll();
  serve(t, 200, {}, ["data: <html>\n\n"]);
  await assert.rejects(api.ask({}), (error) => error instanceof ApiError && /cannot be read/.test(error.message));
});

test("a refusal carries what the server said, and when to try again", async (t) => {
  serve(t, 429, { "Retry-After": "7" }, ['{"error":"64 questions wait.","remedy":"Try later."}']);
  await assert.rejects(api.ask({}), { message: "64 questions wait.", remedy: "Try later.", status: 429, retryAfter: 7 });
});

test("401 is told of; what a proxy says in HTML is not shown", async (t) => {
  const told = [];
  const other = createApi({ base: "https://host/", onUnauthorized: (error) => told.push(error.status) });
  serve(t, 401, {}, ["<html>Log in</html>"]);
  await assert.rejects(other.me(), (error) => !/html/.test(`${error.message}${error.remedy}`));
  assert.deepEqual(told, [401]);
  assert.match(errorOf(502, "<b>Bad</b>").message, /502/);
  assert.equal(errorOf(500, "null").status, 500);
});

test("a network that is down, and a cancel, are told apart", async (t) => {
  t.mock.method(globalThis, "fetch", async () => { throw new TypeError("Failed to fetch"); });
  await assert.rejects(api.me(), (error) => error instanceof ApiError && error.status === 0);
  const stop = new AbortController();
  stop.abort();
  t.mock.restoreAll();
  await assert.rejects(api.me({ signal: stop.signal }), { name: "AbortError" });
});

test("ids and names become one part of the address", async (t) => {
  const asked = serve(t, 200, {}, ["{}"]);
  await api.removeDocument("a/../b?c", "x & y");
  assert.equal(asked[0].url, "https://host/medrag/v1/documents/a%2F..%2Fb%3Fc?collection=x%20%26%20y");
  assert.equal(asked[0].method, "DELETE");
});

test("Retry-After as seconds and as a date", () => {
  assert.equal(retryAfter("12"), 12);
  assert.equal(retryAfter("Wed, 01 Jan 2025 00:00:10 GMT", Date.UTC(2025, 0, 1)), 10);
  assert.equal(retryAfter("soon"), null);
  assert.equal(retryAfter(null), null);
});

test("only markers that a sentence cites are taken off its end", () => {
  assert.deepEqual(splitMarkers("Stop it. [1][2]", [1, 2]), { text: "Stop it.", markers: [1, 2] });
  assert.deepEqual(splitMarkers("See table [3] [1]", [1]), { text: "See table [3]", markers: [1] });
  assert.deepEqual(splitMarkers("Stop [1] now.", [1]), { text: "Stop [1] now.", markers: [1] });
  assert.deepEqual(splitMarkers("[1]", [1]), { text: "", markers: [1] });
});

test("a verdict that nobody knows is never shown as support", () => {
  for (const label of ["supported", "partial", "unsupported", "contradicted", "uncited"]) {
    assert.equal(verdictWords({ verdict: label }).label, label);
  }
  assert.equal(verdictWords({ verdict: "constructor" }).label, "unsupported");
  assert.equal(verdictWords({ verdict: "fine" }).words, "not supported by");
});

test("steps in words", () => {
  assert.equal(stepWords({ event: "queued", position: 2 }), "waiting, 2 questions before yours");
  assert.equal(stepWords({ event: "queued", position: 1 }), "waiting, 1 question before yours");
  assert.equal(stepWords({ event: "queued", position: 0 }), "searching the documents");
  assert.equal(stepWords({ event: "working", phase: "read", done: 280, total: 700 }), "reading the sources 40%");
  assert.equal(stepWords({ event: "working", phase: "think", done: 3, total: 0 }), "thinking");
  assert.equal(stepWords({ event: "answer" }), "");
});

test("an answer in one spoken line", () => {
  const claim = (verdict) => ({ verdict });
  const answer = {
    abstained: false, withheld: [claim("unsupported")], warnings: ["DRAFT"],
    claims: [claim("supported"), claim("supported"), claim("partial")],
  };
  assert.equal(summary(answer), "3 sentences: 2 supported, 1 partly supported. 1 withheld. 1 warning.");
  assert.equal(summary({ abstained: true, reason: "No document mentions 'x'." }),
    "The documents do not answer this. No document mentions 'x'.");
});

test("what a document warns of itself", () => {
  const plain = { warnings: [], status: "Current, replaces version 1.0" };
  assert.deepEqual(cautions(plain), []);
  assert.deepEqual(cautions({ warnings: [], status: "Superseded by version 2.0" }),
    ["No longer in force: Superseded by version 2.0"]);
  assert.deepEqual(cautions({ warnings: ["Marked as a draft: Draft."], status: "Draft" }), ["Marked as a draft: Draft."]);
  assert.deepEqual(standing({ version: "2", review_date: "2024-05" }, "2024-06-01"), ["version 2", "review was due 2024-05"]);
});

test("dates are past only when they are over", () => {
  assert.ok(isPast("2024-05-31", "2024-06-01"));
  assert.ok(!isPast("2024-06-01", "2024-06-01"));
  assert.ok(!isPast("2024", "2024-06-01"));
  assert.ok(!isPast("next year", "2024-06-01"));
  assert.equal(moment(new Date(2024, 0, 5, 3, 7)), "2024-01-05 03:07");
});

test("a marker leads to its evidence, else to the whole passage", () => {
  const source = { marker: 2, document: { id: "d", title: "T" }, section: "A > B", start: 5, end: 90, pages: ["3", "4"] };
  const claim = { evidence: { marker: 2, start: 10, end: 20, quote: "q", pages: ["4"] } };
  assert.deepEqual([targetOf(source, claim).start, placeWords(targetOf(source, claim))], [10, "page 4"]);
  const other = { evidence: { marker: 1, start: 10, end: 20, quote: "q", pages: ["4"] } };
  assert.deepEqual([targetOf(source, other).start, placeWords(targetOf(source, other))], [5, "pages 3 to 4"]);
  assert.equal(placeWords(targetOf({ ...source, pages: [] })), "B");
});

test("links to a source name its place and stay on the server", () => {
  const target = { document: { id: "a#b" }, start: 10, end: 20, pages: ["iv"] };
  assert.equal(sourceLink(target, "https://host/"), "https://host/#/source/a%23b?start=10&end=20&page=iv");
});

test("pages are turned one by one, also where one is blank", () => {
  const page_list = [
    { number: 1, label: "i", start: 0, end: 10 },
    { number: 2, label: "1", start: 11, end: 11 },
    { number: 3, label: "2", start: 12, end: 20 },
  ];
  const info = { page_list, sections: [] };
  assert.equal(neighbour(info, [page_list[0]], 1), page_list[1]);
  assert.equal(neighbour(info, [page_list[1]], 1), page_list[2]);
  assert.equal(neighbour(info, [page_list[2]], 1), null);
  assert.equal(neighbour(info, [page_list[0], page_list[1]], 1), page_list[2]);
  assert.deepEqual(placeIn(info, { pages: ["2"] }, null, null), { start: 12, end: 20 });
  assert.deepEqual(placeIn(info, { pages: ["9"] }, null, null), { start: 0, end: 0 });
  assert.equal(pageWords(["2"]), "page 2");
});

test("without pages the text is turned to its end and no further", () => {
  const info = { page_list: [], sections: [{ title: "A", level: 1, start: 0, end: 50 }] };
  assert.deepEqual(neighbour(info, [{ number: 0, start: 10, end: 30 }], 1), { start: 30, end: 30 });
  assert.equal(neighbour(info, [{ number: 0, start: 10, end: 50 }], 1), null);
  assert.equal(neighbour(info, [{ number: 0, start: 0, end: 50 }], -1), null);
  const bare = { page_list: [], sections: [] };
  assert.deepEqual(neighbour(bare, [{ number: 0, start: 0, end: 30 }], 1), { start: 30, end: 30 });
  assert.equal(neighbour(bare, [{ number: 0, start: 0, end: 30 }], 1, 30), null);
  assert.equal(sectionAt({ sections: [{ title: "B", level: 2, start: 5, end: 9 }, { title: "A", level: 1, start: 0, end: 20 }] }, 6), "A > B");
});

test("history is the last three turns, an abstention an empty answer", () => {
  const turn = (question, abstained) => ({ question, answer: { answer: `to ${question}`, abstained } });
  assert.deepEqual(historyOf([turn("a"), turn("b"), turn("c", true), turn("d")]), [
    { question: "b", answer: "to b" },
    { question: "c", answer: "" },
    { question: "d", answer: "to d" },
  ]);
});

test("a filter looks at every word, in title, dates, warnings and collection", () => {
  const document = { id: "f00d", title: "Acute asthma", path: "/x/asthma.pdf", version: "1.3", status: "Superseded", warnings: [], collections: ["ward"] };
  assert.ok(fits(document, "ASTHMA ward"));
  assert.ok(fits(document, "no longer in force"));
  assert.ok(fits(document, " "));
  assert.ok(!fits(document, "asthma sepsis"));
});

test("uploads in words", () => {
  assert.equal(stateWords({ state: "embedding", files: ["a", "b"], files_done: 1, chunks: 7 }), "preparing for search, 1 of 2 files, 7 passages");
  assert.equal(baseName("C:\\x\\a.pdf"), "a.pdf");
  assert.equal(duration(125), "2 min 5 s");
  assert.equal(duration(0.42), "0.4 seconds");
  assert.equal(duration(0.01), "less than 0.1 seconds");
});

test("curl lines cannot be broken out of, and fit the schema", () => {
  const document = { components: { schemas: { In: { type: "object", required: ["question"], properties: {
    question: { type: "string", example: "What's first?" }, k: { type: "integer" } } } } } };
  const operation = { requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/In" } } } } };
  assert.equal(curlLine(document, "post", "/v1/ask", operation, "https://h/"),
    "curl -X POST -H 'Authorization: Bearer mr_YOUR_KEY' -H 'Content-Type: application/json'" +
    ` -d '{"question":"What'\\''s first?"}' 'https://h/v1/ask'`);
  assert.equal(example(document, { anyOf: [{ type: "integer" }, { type: "null" }] }), 1);
  const loop = { components: { schemas: { A: { $ref: "#/components/schemas/A" } } } };
  assert.doesNotThrow(() => resolve(loop, { $ref: "#/components/schemas/A" }));
});
