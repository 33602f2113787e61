const element = (id) => document.getElementById(id);
const VIEWS = ["html", "text", "raw"];

/** Newest first. */
let mails = [];
let shown;
let view = "html";

const timeOf = (mail) => new Date(mail.receivedAt).toLocaleString();

/** Today's mails without the day, which leaves room for the address. */
function shortTimeOf(mail) {
  const at = new Date(mail.receivedAt);
  const today = at.toDateString() === new Date().toDateString();
  return today ? at.toLocaleTimeString([], { timeStyle: "short" }) : at.toLocaleDateString();
}

function renderList() {
  element("empty").hidden = mails.length > 0;
  element("list").replaceChildren(
    ...mails.map((mail) => {
      const link = document.createElement("a");
      link.href = `#${mail.id}`;
      if (mail.id === shown?.id) link.setAttribute("aria-current", "true");
      for (const [name, text] of [
        ["subject", mail.subject || "(no subject)"],
        ["to", mail.to.join(", ")],
        ["time", shortTimeOf(mail)],
      ]) {
        const part = document.createElement("span");
        part.className = name;
        part.textContent = text;
        link.append(part);
      }
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  document.title = mails.length === 0 ? "Mails" : `Mails (${mails.length})`;
}

async function renderMail() {
  element("mail").hidden = shown === undefined;
  if (shown === undefined) return;
  const { id, subject, from, to, text, html } = shown;
  element("subject").textContent = subject || "(no subject)";
  element("from").textContent = from;
  element("to").textContent = to.join(", ");
  element("received").textContent = timeOf(shown);
  const current = view === "html" && html === "" ? "text" : view;
  element("tab-html").disabled = html === "";
  for (const name of VIEWS) {
    element(`view-${name}`).hidden = name !== current;
    element(`tab-${name}`).setAttribute("aria-selected", String(name === current));
  }
  element("view-text").textContent = text;
  const page = `/api/mails/${id}/html`;
  // Set anew it would load anew, and jump to its top whenever another mail comes.
  if (current === "html" && element("view-html").getAttribute("src") !== page) element("view-html").src = page;
  if (current === "raw") element("view-raw").textContent = await (await fetch(`/api/mails/${id}/raw`)).text();
}

function show() {
  const id = location.hash.slice(1);
  shown = mails.find((mail) => mail.id === id) ?? mails[0];
  renderList();
  renderMail();
}

/** Asks again and again for what is newer than the newest; the server answers when there is something. */
async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/api/mails?limit=500&wait=30&after=${mails[0]?.id ?? ""}`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { mails: newer } = await answer.json();
      if (newer.length === 0) continue;
      mails = [...newer, ...mails];
      show();
    } catch {
      // The platform was stopped; it may come back.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

addEventListener("hashchange", show);
for (const name of VIEWS) {
  element(`tab-${name}`).addEventListener("click", () => {
    view = name;
    renderMail();
  });
}
element("clear").addEventListener("click", async () => {
  await fetch("/api/mails", { method: "DELETE" });
  mails = [];
  show();
});
follow();
