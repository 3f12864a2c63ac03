// Renders the OpenAPI document beside it. Everything that the document says becomes text nodes.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** An element with properties and children; strings become text. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text with `code` in it, in paragraphs. */
function prose(text) {
  return (text ?? "").split("\n\n").filter(Boolean).map((part) => el("p", {}, inline(part)));
}

function inline(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

function json(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return el("pre", {}, el("code", {}, text));
}

class Page {
  constructor(document) {
    this.document = document;
  }

  /** What a reference leads to; anything else itself. */
  resolve(value) {
    let target = value;
    while (target?.$ref) {
      target = target.$ref.slice(2).split("/").reduce((at, name) => at?.[name], this.document);
    }
    return target ?? {};
  }

  /** All calls, in the order of the tags. */
  calls() {
    const calls = Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })),
    );
    return this.document.tags.map((tag) => ({
      ...tag,
      calls: calls.filter((call) => call.tags?.[0] === tag.name),
    }));
  }

  render(main, list) {
    const { info } = this.document;
    main.append(
      el("h1", {}, `${info.title} ${info.version}`),
      ...prose(info.description),
      el("p", {}, el("a", { href: "openapi.json" }, "openapi.json"), `, OpenAPI ${this.document.openapi}`),
    );
    for (const tag of this.calls()) {
      list.append(el("h2", {}, tag.name), el("ul", {}, tag.calls.map((call) => this.entry(call))));
      main.append(el("section", {}, el("h2", {}, tag.name), el("p", { className: "dim" }, tag.description)));
      main.append(...tag.calls.map((call) => this.call(call)));
    }
    main.append(this.codes());
  }

  entry(call) {
    const link = el("a", { href: `#${call.operationId}`, title: call.summary }, method(call), call.path);
    return el("li", {}, link);
  }

  call(call) {
    return el(
      "section",
      { id: call.operationId, className: "call" },
      el("h2", {}, method(call), el("code", {}, call.path)),
      el("p", {}, inline(call.summary ?? "")),
      prose(call.description),
      this.parameters(call.parameters ?? []),
      this.request(call.requestBody),
      el("h3", {}, "Try it"),
      json(this.curl(call)),
      el("h3", {}, "Answers"),
      Object.entries(call.responses).map(([status, response]) => this.response(status, this.resolve(response))),
    );
  }

  parameters(parameters) {
    if (parameters.length === 0) {
      return null;
    }
    const rows = parameters.map((one) => {
      const parameter = this.resolve(one);
      const need = parameter.required ? parameter.in : `${parameter.in}, optional`;
      return row(parameter.name, `${this.type(parameter.schema)} (${need})`, parameter.description);
    });
    return [el("h3", {}, "Parameters"), el("table", {}, rows)];
  }

  request(body) {
    if (!body) {
      return null;
    }
    const needed = body.required ? "" : " (optional)";
    const contents = Object.entries(body.content).map(([type, content]) => [
      el("p", { className: "dim" }, type + needed),
      this.fields(content.schema),
      content.example === undefined ? null : json(content.example),
    ]);
    return [el("h3", {}, "Body"), ...contents.flat()];
  }

  response(status, response) {
    const contents = Object.entries(response.content ?? {}).map(([type, content]) => [
      el("p", { className: "dim" }, type),
      this.examples(content),
      this.fields(content.schema),
    ]);
    const headers = Object.entries(response.headers ?? {}).map(([name, header]) =>
      row(name, this.type(this.resolve(header).schema), this.resolve(header).description),
    );
    const title = el("summary", {}, el("strong", {}, status), " ", inline(response.description ?? ""));
    return el(
      "details",
      { open: status.startsWith("2") && contents.length > 0 },
      title,
      ...contents.flat(),
      headers.length ? el("details", {}, el("summary", {}, "headers"), el("table", {}, headers)) : null,
    );
  }

  examples(content) {
    if (content.example !== undefined) {
      return json(content.example);
    }
    const examples = Object.entries(content.examples ?? {});
    if (examples.length === 0) {
      return null;
    }
    return el("table", {}, examples.map(([code, example]) => row(code, "", this.resolve(example).summary)));
  }

  /** The fields of an object, with those of objects in it behind their names. */
  fields(schema, depth = 0) {
    const rows = Object.entries(this.properties(schema)).map(([name, field]) => {
      const told = this.resolve(field);
      const within = depth < 4 && this.properties(this.item(field));
      const deeper = within && Object.keys(within).length > 0 ? this.fields(this.item(field), depth + 1) : null;
      return row(name, this.type(field), field.description ?? told.description, deeper);
    });
    if (rows.length === 0) {
      return null;
    }
    return el("details", {}, el("summary", {}, "fields"), el("table", {}, rows));
  }

  properties(schema) {
    const told = this.resolve(schema);
    const parts = told.allOf ?? (told.oneOf ? [this.only(told)] : []);
    return Object.assign({}, told.properties, ...parts.map((part) => this.properties(part)));
  }

  /** What an optional schema is when it is there. */
  only(schema) {
    return schema.oneOf.find((choice) => choice.type !== "null") ?? {};
  }

  /** What a list is of; anything else itself. */
  item(schema) {
    const told = this.resolve(schema);
    return told.items ?? schema;
  }

  type(schema) {
    const told = this.resolve(schema);
    if (told.oneOf) {
      return told.oneOf.map((choice) => this.type(choice)).join(" or ");
    }
    if (told.enum) {
      return told.enum.map((name) => JSON.stringify(name)).join(" | ");
    }
    if (told.items) {
      return `list of ${this.type(told.items)}`;
    }
    const kind = [told.type ?? "object"].flat().join(" or ");
    const range = [told.minimum ?? told.minLength, told.maximum ?? told.maxLength];
    const limits = range.some((end) => end !== undefined) ? ` ${range[0] ?? ""}…${range[1] ?? ""}` : "";
    return kind + (told.format ? ` (${told.format})` : "") + limits;
  }

  /** A command that makes the call with the examples of its parameters and body. */
  curl(call) {
    const parameters = (call.parameters ?? []).map((one) => this.resolve(one));
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    const path = inPath.reduce((at, { name, example }) => at.replace(`{${name}}`, example ?? `{${name}}`), call.path);
    const lines = [`curl -sX ${call.method.toUpperCase()} ${new URL(path, location.origin)}`];
    if (call.security?.some((scheme) => "token" in scheme)) {
      lines.push('-H "Authorization: Bearer $T"');
    }
    const [type, content] = Object.entries(call.requestBody?.content ?? {})[0] ?? [];
    if (type) {
      lines.push(`-H 'Content-Type: ${type}'`);
      const body = content.example === undefined ? "--data-binary @FILE" : `-d '${quoted(content.example)}'`;
      lines.push(body);
    }
    return lines.join(" \\\n  ");
  }

  codes() {
    const rows = Object.entries(this.document.components.examples).map(([code, example]) =>
      row(code, String(example.value.status), example.summary),
    );
    return el(
      "section",
      { id: "codes" },
      el("h2", {}, "Codes of problems"),
      el("p", {}, inline("What `code` says in an `application/problem+json`. Codes stay; new ones may come.")),
      el("table", {}, rows),
    );
  }
}

function method(call) {
  return el("span", { className: `method ${call.method}` }, call.method.toUpperCase());
}

function row(name, type, description, deeper = null) {
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, el("code", {}, name)),
    el("td", { className: "dim" }, type),
    el("td", {}, inline(description ?? ""), deeper),
  );
}

/** JSON inside single quotes of a shell. */
function quoted(value) {
  return JSON.stringify(value).replaceAll("'", "'\\''");
}

/** Hides the calls that do not hold what is typed. */
function filter(text) {
  const wanted = text.toLowerCase();
  for (const entry of document.querySelectorAll("nav li")) {
    const told = `${entry.textContent} ${entry.firstChild.title}`.toLowerCase();
    entry.hidden = !told.includes(wanted);
  }
}

async function start() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) {
      throw new Error(`the server answered ${answer.status}`);
    }
    new Page(await answer.json()).render(document.querySelector("main"), document.getElementById("calls"));
    state.remove();
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  } catch (error) {
    state.textContent = `The description could not be read: ${error.message}`;
  }
  document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
}

start();
