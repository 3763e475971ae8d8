// What the pages do besides: copy, show what is new, send without leaving. All of it can be missing.
"use strict";

const all = (selector, within = document) => within.querySelectorAll(selector);
const one = (selector, within = document) => within.querySelector(selector);
const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html; // made by the server, which escapes all that is not its own
  return template.content;
};
const speak = (text) => { one("#spoken").textContent = text; };

// Copies what a button holds.
async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // where the page is no secure context
    area.remove();
    button.focus();
  }
  const before = button.textContent;
  button.textContent = "Copied";
  speak("Copied");
  setTimeout(() => { button.textContent = before; }, 1500);
}

function dress(within) {
  for (const button of all("[data-copy], [data-fill]", within)) button.hidden = false;
}

// A secret of several lines, a private key say: a field of one line would lose the breaks.
function keepLines(field) {
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!text.trim().includes("\n")) return;
    event.preventDefault();
    const area = document.createElement("textarea");
    for (const name of ["id", "name", "aria-describedby", "aria-invalid", "aria-required"]) {
      if (field.hasAttribute(name)) area.setAttribute(name, field.getAttribute(name));
    }
    Object.assign(area, { className: "masked mono", rows: 3, spellcheck: false, autocomplete: "off", value: text });
    field.replaceWith(area);
    area.focus();
  });
}

// The list of requests, the newest first.
function follow(rows) {
  const most = 200;
  const pause = one("[data-pause]");
  const state = one("[data-live-state]");
  const held = [];
  let paused = false, told = 0;
  pause.hidden = state.hidden = false;
  const put = ({ id, html }, fresh) => {
    const row = parsed(html).firstElementChild;
    const before = document.getElementById(`request-${id}`);
    if (before) {
      const focused = before.contains(document.activeElement);
      before.replaceWith(row);
      if (focused) one("a", row).focus();
      return;
    }
    if (fresh) row.classList.add("fresh");
    rows.prepend(row);
    told += 1;
  };
  const show = (told_of) => {
    if (told_of.all) {
      const focused = rows.contains(document.activeElement) && document.activeElement.closest("tr").id;
      rows.replaceChildren(...told_of.all.map((each) => parsed(each.html).firstElementChild));
      if (focused) one(`#${focused} a`)?.focus();
    }
    for (const each of told_of.rows || []) put(each, true);
    for (const id of told_of.gone || []) document.getElementById(`request-${id}`)?.remove();
    while (rows.children.length > most) rows.lastElementChild.remove();
    one("[data-empty]").hidden = rows.children.length > 0;
  };
  const source = new EventSource(rows.dataset.rows);
  source.onmessage = (event) => {
    const told_of = JSON.parse(event.data);
    if (!paused) show(told_of);
    else if (told_of.all) held.splice(0, held.length, told_of);
    else held.push(told_of);
    if (held.length > 1000) held.shift();
  };
  source.onopen = () => { state.lastChild.textContent = paused ? "paused" : "live"; };
  source.onerror = () => { state.lastChild.textContent = "connecting …"; };
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
    state.lastChild.textContent = paused ? "paused" : "live";
    if (!paused) for (const each of held.splice(0)) show(each);
  });
  setInterval(() => {
    if (told) speak(told === 1 ? "1 new request" : `${told} new requests`);
    told = 0;
  }, 3000);
}

// One answer as it comes, and in the end all that is known of it.
function progress(url, place) {
  let stream = one("[data-stream]", place);
  let first = true;
  const source = new EventSource(url);
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    if (told.html) {
      stream = null;
      place.replaceChildren(parsed(told.html));
      dress(place);
      if (!told.last) return;
      source.close();
      speak("The answer is complete");
      return;
    }
    if (told.later) {
      one("[data-later]", place)?.replaceChildren(parsed(told.later));
      return;
    }
    if (told.head && one("[data-head]", place)) one("[data-head]", place).replaceChildren(parsed(told.head));
    if (!stream) return;
    if (first) stream.textContent = "";
    first = false;
    const follows = stream.scrollTop + stream.clientHeight >= stream.scrollHeight - 8;
    stream.append(...told.chunks.map((each) => each.text));
    if (follows) stream.scrollTop = stream.scrollHeight;
  };
  return source;
}

// Sends a form's request, and shows the answer beside it.
function sendHere(form) {
  const result = one("[data-result-body]");
  let running = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const filled = new FormData(form);
    const body = form.enctype === "multipart/form-data" ? filled : new URLSearchParams(filled);
    running?.close();
    one("[data-result-empty]").hidden = true;
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      result.replaceChildren(...(one("main", page) || page.body).childNodes);
      return;
    }
    const sent = await answer.json();
    const link = Object.assign(document.createElement("a"), { href: sent.url, textContent: "This request in full" });
    const head = Object.assign(document.createElement("div"), { className: "answer-head" });
    head.dataset.head = "";
    const stream = Object.assign(document.createElement("pre"), { className: "body", tabIndex: 0 });
    stream.dataset.stream = "";
    stream.setAttribute("aria-label", "Answer, as it comes");
    const place = Object.assign(document.createElement("div"), { className: "parts" });
    place.append(head, stream);
    const more = document.createElement("p");
    more.append(link);
    result.replaceChildren(place, more);
    speak("Sent");
    running = progress(`${sent.url}/changes?within=1`, place);
  });
}

// The state of functions, as builds go on.
function watch(place) {
  const source = new EventSource(place.dataset.changes);
  source.onmessage = (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data).html)) {
      for (const part of all("[data-function]", place)) {
        if (part.dataset.function === id) part.replaceChildren(parsed(html));
      }
    }
  };
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
// A model or a tool that is configured: of tools a list may hold several.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  const field = document.getElementById(button.dataset.fill);
  const offered = JSON.parse(button.dataset.value);
  let before = [];
  try { before = JSON.parse(field.value); } catch { /* it is replaced */ }
  const value = Array.isArray(offered) && Array.isArray(before) ? [...before, ...offered] : offered;
  field.value = JSON.stringify(value, null, 2);
  speak(`${button.textContent} filled in`);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-focus] a");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault(); // to the field itself, not only into view
  field.closest("[data-field]")?.scrollIntoView();
  field.focus();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.busy) return;
  const button = one("button", form);
  button.textContent = form.dataset.busy;
  button.setAttribute("aria-disabled", "true");
});
dress(document);
for (const each of all("[data-without-script]")) each.hidden = true;
for (const each of all("[data-secret]")) keepLines(each);
for (const each of all("[data-rows]")) follow(each);
for (const each of all("[data-progress]")) progress(each.dataset.progress, each);
for (const each of all("[data-send]")) sendHere(each);
for (const each of all("[data-changes]")) watch(each);
one("[data-focus]")?.focus();
