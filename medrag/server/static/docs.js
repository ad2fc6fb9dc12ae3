/**
 * The API as a page, from the server's OpenAPI document: operations by tag, what they take and
 * give, and a curl line for each.
 * @module
 */
import { HOME, createApi } from "./api.js";
import { fill, h, problem } from "./dom.js";
import { currentKey } from "./session.js";
import { themeToggle } from "./toggle.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** What a reference such as #/components/schemas/Me points to. */
export function resolve(document, schema) {
  let found = schema;
  for (let steps = 0; found?.$ref && steps < 20; steps += 1) {
    found = found.$ref
      .replace(/^#\//, "")
      .split("/")
      .reduce((node, key) => node?.[key.replace(/~1/g, "/").replace(/~0/g, "~")], document);
  }
  return found ?? {};
}

/** A schema in few words: "string, at most 4000 characters", "list of SourceOut". */
export function typeWords(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" or ");
  const some = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (some) return some.map(typeWords).join(" or ");
  if (schema.type === "array") return `list of ${typeWords(schema.items)}`;
  if (schema.format === "binary" || schema.contentMediaType) return "file";
  const limits = [
    ["minimum", "at least"], ["maximum", "at most"], ["minLength", "characters at least"],
    ["maxLength", "characters at most"],
  ].filter(([key]) => schema[key] !== undefined).map(([key, words]) => `${words} ${schema[key]}`);
  return [schema.type ?? "anything", ...limits].join(", ");
}

/** A value that fits a schema, for an example. */
export function example(document, schema, depth = 0) {
  const found = resolve(document, schema);
  if (depth > 8) return null;
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  const some = found.anyOf ?? found.oneOf ?? found.allOf;
  if (some) return example(document, some[0], depth + 1);
  if (found.type === "array") return [example(document, found.items, depth + 1)];
  if (found.type === "object" || found.properties) {
    const required = new Set(found.required ?? []);
    const fields = Object.entries(found.properties ?? {}).filter(([name]) => required.has(name));
    return Object.fromEntries(fields.map(([name, one]) => [name, example(document, one, depth + 1)]));
  }
  return { string: "...", integer: 1, number: 1, boolean: false }[found.type] ?? null;
}

const quoted = (words) => `'${words.replace(/'/g, `'\\''`)}'`;

/** The curl line for an operation. */
export function curlLine(document, method, path, operation, base) {
  const parts = ["curl"];
  if (method !== "get") parts.push("-X", method.toUpperCase());
  parts.push("-H", quoted("Authorization: Bearer mr_YOUR_KEY"));
  const content = resolve(document, operation.requestBody).content ?? {};
  if (content["application/json"]) {
    const body = JSON.stringify(example(document, content["application/json"].schema));
    parts.push("-H", quoted("Content-Type: application/json"), "-d", quoted(body));
  } else if (content["multipart/form-data"]) {
    const form = resolve(document, content["multipart/form-data"].schema);
    for (const [name, schema] of Object.entries(form.properties ?? {})) {
      const isFile = /file/.test(typeWords(schema)) || name === "files";
      parts.push("-F", quoted(isFile ? `${name}=@document.pdf` : `${name}=default`));
    }
  }
  const query = (operation.parameters ?? [])
    .map((one) => resolve(document, one))
    .filter((one) => one.in === "query" && one.required)
    .map((one) => `${one.name}=${example(document, one.schema)}`);
  const address = new URL(path.replace(/^\//, ""), base).href.replace(/%7B/g, "{").replace(/%7D/g, "}");
  parts.push(quoted(query.length ? `${address}?${query.join("&")}` : address));
  return parts.join(" ");
}

function fieldList(document, schema) {
  const found = resolve(document, schema);
  if (!found.properties) return h("p", { class: "mr-meta" }, typeWords(schema));
  const required = new Set(found.required ?? []);
  return h(
    "dl",
    { class: "fields" },
    Object.entries(found.properties).map(([name, one]) => [
      h("dt", {}, h("code", {}, name), required.has(name) ? " required" : ""),
      h("dd", {}, typeWords(one), one.description ? `. ${one.description}` : ""),
    ]),
  );
}

function parameterList(document, parameters) {
  if (!parameters?.length) return null;
  const rows = parameters.map((given) => {
    const one = resolve(document, given);
    return [
      h("dt", {}, h("code", {}, one.name), ` in the ${one.in}${one.required ? ", required" : ""}`),
      h("dd", {}, typeWords(one.schema), one.description ? `. ${one.description}` : ""),
    ];
  });
  return [h("h3", {}, "Parameters"), h("dl", { class: "fields" }, rows)];
}

function bodyPart(document, operation) {
  const content = resolve(document, operation.requestBody).content ?? {};
  return Object.entries(content).map(([kind, { schema }]) => [
    h("h3", {}, "Body ", h("code", {}, kind)),
    fieldList(document, schema),
  ]);
}

function answers(document, operation) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, given]) => {
    const one = resolve(document, given);
    const kinds = Object.entries(one.content ?? {}).map(
      ([kind, { schema }]) => `${kind}: ${typeWords(schema)}`,
    );
    const words = [one.description, ...kinds].filter(Boolean).join(" · ");
    return [h("dt", {}, h("code", {}, status)), h("dd", {}, words)];
  });
  return [h("h3", {}, "Answers"), h("dl", { class: "fields" }, rows)];
}

function operationPart(document, { method, path, operation }) {
  return h(
    "details",
    { class: "operation" },
    h(
      "summary",
      {},
      h("span", { class: `method ${method}` }, method.toUpperCase()),
      h("code", {}, path),
      h("span", { class: "mr-meta" }, operation.summary ?? ""),
    ),
    operation.description ? h("p", {}, operation.description) : null,
    parameterList(document, operation.parameters),
    bodyPart(document, operation),
    answers(document, operation),
    h("h3", {}, "With curl"),
    h("pre", { tabindex: "0", "aria-label": "curl line" }, curlLine(document, method, path, operation, HOME)),
  );
}

/** Operations under their first tag, in the order of the document. */
export function byTag(document) {
  const tags = new Map();
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS.filter((one) => item[one])) {
      const operation = item[method];
      const tag = operation.tags?.[0] ?? "other";
      if (!tags.has(tag)) tags.set(tag, []);
      tags.get(tag).push({ method, path, operation });
    }
  }
  return tags;
}

function draw(root, document) {
  const schemas = Object.entries(document.components?.schemas ?? {});
  fill(
    root,
    h("p", {}, document.info?.description ?? "", ` Version ${document.info?.version ?? "?"}.`),
    h("p", { class: "mr-meta" },
      "Send the key as Authorization: Bearer. Errors are JSON with error and remedy; 429 has Retry-After."),
    [...byTag(document)].map(([tag, operations]) =>
      h("section", {}, h("h2", {}, tag), operations.map((one) => operationPart(document, one)))),
    h("h2", {}, "Schemas"),
    schemas.map(([name, schema]) =>
      h("details", { class: "operation", id: `schema-${name}` }, h("summary", {}, h("code", {}, name)),
        schema.description ? h("p", {}, schema.description) : null, fieldList(document, schema))),
  );
  root.removeAttribute("aria-busy");
}

async function main(root) {
  themeToggle(document.getElementById("theme"));
  try {
    draw(root, await createApi({ key: currentKey }).openapi());
  } catch (error) {
    fill(root, h("div", { role: "alert" }, problem(error)));
  }
}

if (typeof document !== "undefined") main(document.getElementById("doc"));
