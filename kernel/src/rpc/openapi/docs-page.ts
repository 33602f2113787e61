/** The page and the two parts of it that its content security policy names by hash. */
export interface DocsPage {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border: 1px solid #8884; border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; font-family: ui-monospace, monospace; }
.method { display: inline-block; min-width: 4.5em; font-weight: 600; }
pre { overflow: auto; background: #8881; padding: .6rem; border-radius: 4px; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
.note { opacity: .75; }
`;

/** Builds the page from the document with text nodes only: nothing in a proto can become markup. */
const SCRIPT = `
const doc = JSON.parse(document.getElementById("document").textContent);
const make = (tag, text, className) => { const node = document.createElement(tag); if (text !== undefined) node.textContent = text; if (className) node.className = className; return node; };
const root = document.getElementById("root");
root.append(make("h1", doc.info.title + " " + doc.info.version));
const typeOf = (schema) => schema === undefined ? "" : schema.$ref ? schema.$ref.split("/").pop() : schema.type === "array" ? "list of " + typeOf(schema.items) : String(schema.type ?? "any") + (schema.format ? " (" + schema.format + ")" : "");
for (const [path, item] of Object.entries(doc.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    const box = make("details");
    const summary = make("summary");
    summary.append(make("span", method.toUpperCase(), "method"), make("span", path));
    box.append(summary);
    if (operation.description) box.append(make("p", operation.description));
    if (operation.parameters?.length) {
      const table = make("table");
      for (const parameter of operation.parameters) {
        const row = make("tr");
        row.append(make("td", parameter.name), make("td", parameter.in, "note"), make("td", typeOf(parameter.schema)), make("td", parameter.required ? "required" : ""));
        table.append(row);
      }
      box.append(table);
    }
    const body = operation.requestBody?.content?.["application/json"]?.schema;
    if (body) box.append(make("p", "Body: " + typeOf(body)));
    for (const [status, answer] of Object.entries(operation.responses)) box.append(make("p", status + " " + (answer.description ?? ""), "note"));
    root.append(box);
  }
}
root.append(make("h2", "Schemas"));
for (const [name, schema] of Object.entries(doc.components.schemas)) {
  const box = make("details");
  box.append(make("summary", name), make("pre", JSON.stringify(schema, null, 2)));
  root.append(box);
}
`;

/** A page of its own script, with no library and nothing from elsewhere. */
export function docsPage(documentJson: string): DocsPage {
  const data = documentJson.replaceAll("<", "\\u003c");
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>API</title>
<style>${STYLE}</style>
</head>
<body>
<main id="root"></main>
<script type="application/json" id="document">${data}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
  return { html, script: SCRIPT, style: STYLE };
}
