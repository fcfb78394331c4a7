/* The desk's keys, its next issue at hand, and what a screen reader hears. Nothing needs it: each key presses a visible
   control that carries data-key, and the links and forms underneath work alone. */
const FEW = 8; // rows: with no more than these in it, the list is filled up again
const DEPTH = 2; // so many issues are fetched ahead
const KEEP_MS = 60_000; // an issue that was fetched ahead is shown for so long; then it is asked for anew
const ahead = new Map(); // address of a pane → what is known of it
const picked = new Set(); // what is ticked, by issue, so that a new list keeps it
const others = "BroadcastChannel" in window ? new BroadcastChannel("desk") : null; // other tabs of the same desk

const work = () => document.getElementById("work");
const pane = () => document.getElementById("pane");
const rows = () => [...document.querySelectorAll(".queue li[data-issue]")];
const current = () => document.querySelector(".queue li.here");
const visible = (control) => control.checkVisibility?.() ?? control.offsetParent !== null;

/* Keys */

const isTyping = (at) => at.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

// "Shift+2" by the place of the key, for there the sign differs from layout to layout; letters by what they write, and
// by their place where that is no Latin letter.
function named(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  if (digit && event.shiftKey && !"/?".includes(event.key)) return `Shift+${digit}`;
  if (digit && !event.shiftKey) return digit;
  if (/^[\x21-\x7e]$/.test(event.key)) return event.key.toLowerCase();
  return /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() ?? event.key;
}

function press(control) {
  if (control.matches("input")) {
    control.focus();
    control.select();
  } else {
    if (control.matches("summary")) control.focus({ preventScroll: true });
    control.click();
    if (control.matches("details[data-verb] > summary")) begin(control.parentElement); // the event comes too late for who types on
  }
}

function begin(verb) {
  const field = verb.open && verb.querySelector("textarea:not([name=note]), input[type=text], select");
  if (field && !verb.querySelector("[data-pick], [data-again]")) field.focus();
}

function move(step) {
  const all = rows();
  const at = all.indexOf(headedTo());
  const goal = all[at < 0 ? 0 : at + step];
  if (goal) return press(goal.querySelector("a[data-row]"));
  document.querySelector(`.queue .pages a[rel=${step > 0 ? "next" : "prev"}]`)?.click();
}

const openVerb = () => document.querySelector("details[data-verb][open]");

function close() {
  const open = openVerb();
  if (!open) return false;
  open.open = false;
  open.querySelector("summary").focus();
  return true;
}

const OWN = {
  j: () => move(1),
  k: () => move(-1),
  x: () => headedTo()?.querySelector("input[type=checkbox]")?.click(),
};

/* One request at a time. What only reads gives way to whatever is pressed next; a decision is waited for. */

let underWay = null; // the control whose answer is waited for
let later = ""; // the key that is pressed when it is there
let isAwaited = false; // what was decided is known, and the pane of the next is on its way
const isRead = (control) => control?.matches("a[data-row]");
const headedTo = () => (isRead(underWay) ? underWay.closest("li") : current());
// No key decides on an issue that was not seen when it was pressed, so the others are lost while an answer is waited for.
const AT_ONCE = { true: "jkxz/?", false: "/?" }; // by whether what is under way only reads
const LATER = "jkz"; // z takes back what is being decided, or nothing if that is refused

function canPress(key, isRepeated) {
  if (!underWay) return true;
  const isReading = isRead(underWay);
  later = !isReading && LATER.includes(key) ? key : "";
  return !isRepeated && AT_ONCE[isReading].includes(key);
}

function ended(event) {
  if (isAwaited || event.detail.requestConfig?.elt !== underWay) return;
  underWay = null;
  const { status } = event.detail.xhr;
  const key = status >= 200 && status < 400 ? later : "";
  later = "";
  if (key) queueMicrotask(() => pressKey(key)); // when all listeners have seen the answer
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape") {
    if (close()) event.preventDefault();
    return;
  }
  if (document.body.dataset.keys !== "on" || event.repeat && !"jk".includes(event.key)) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = named(event);
  if (!controlOf(key) && !OWN[key]) return;
  event.preventDefault();
  if (canPress(key, event.repeat)) pressKey(key);
}

function controlOf(key) {
  const open = openVerb();
  return (
    open?.querySelector(`[data-pick="${CSS.escape(key)}"]`) ??
    open?.querySelector(`[data-again="${CSS.escape(key)}"]`) ??
    [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(visible).at(key === "z" ? -1 : 0)
  );
}

function pressKey(key) {
  const control = controlOf(key);
  if (control) press(control);
  else OWN[key]?.();
}
document.addEventListener("keydown", onKey);

document.addEventListener("click", (event) => {
  const dialog = document.getElementById("keys");
  if (event.target.closest("a[data-key='?']") && dialog?.showModal) {
    event.preventDefault();
    dialog.showModal();
  }
  if (event.target.closest("[data-close]")) dialog.close();
  if (event.target.closest("[data-unselect]")) {
    picked.clear();
    showPicked();
  }
});

/* A verb that opens puts the cursor where the first answer goes, and tells others that somebody is at it */
document.addEventListener(
  "toggle",
  (event) => {
    const opened = event.target;
    if (!opened.open || !opened.matches("details[data-verb]")) return;
    const at = document.activeElement;
    // One that came open, for it was not taken, leaves the cursor where it is told why
    if (at.id !== "errors" && (!opened.contains(at) || at.matches("summary"))) begin(opened);
    claim();
  },
  true,
);

async function claim() {
  const mark = document.getElementById("claim");
  const token = mark?.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!mark?.dataset.free || !token) return;
  const answer = await fetch(mark.dataset.free, {
    method: "POST",
    headers: { "HX-Request": "true", "X-CSRFToken": token },
  }).catch(() => null);
  if (answer?.ok && mark.isConnected) htmx.swap(mark, await answer.text(), { swapStyle: "outerHTML" });
}

/* Selection */

function showPicked() {
  for (const box of document.querySelectorAll(".pick input")) box.checked = picked.has(box.value.split(":")[0]);
  const bar = document.getElementById("selection");
  if (!bar) return;
  const shown = document.querySelectorAll(".pick input:checked").length;
  bar.hidden = shown === 0;
  bar.querySelector("[data-selected]").textContent = shown;
}
document.addEventListener("change", (event) => {
  if (!event.target.matches(".pick input")) return;
  const issue = event.target.value.split(":")[0];
  if (event.target.checked) picked.add(issue);
  else picked.delete(issue);
  showPicked();
});

/* The next issues are fetched before they are asked for */

const paneAddress = (row) => row?.querySelector("a[data-row][hx-get]")?.getAttribute("hx-get");
const isFresh = (kept) => kept && Date.now() - kept.at < KEEP_MS;
const tellsOf = (html) => (issue) => html.includes(`/triage/${issue}/`);

async function load(address, signal) {
  try {
    const asked = { headers: { "HX-Request": "true", "HX-Target": "pane" }, signal, priority: "low" };
    const answer = await fetch(address, asked);
    return answer.ok && !answer.redirected ? await answer.text() : "";
  } catch {
    return ""; // given up, or there is no way there: asked for again when it is needed
  }
}

// The pane at that address: ``html`` if it is there, else ``coming``, which brings "" if it cannot be had.
function fetched(address) {
  if (isFresh(ahead.get(address))) return ahead.get(address);
  const kept = { at: Date.now(), html: "", decided: [], stop: new AbortController() };
  ahead.set(address, kept);
  kept.coming = load(address, kept.stop.signal).then((html) => {
    kept.html = kept.decided.some(tellsOf(html)) ? "" : html;
    if (ahead.get(address) === kept && !kept.html) ahead.delete(address);
    else document.querySelector(`a[data-row][hx-get="${CSS.escape(address)}"]`)?.setAttribute("data-at-hand", "");
    return kept.html;
  });
  return kept;
}

function nextRows() {
  const all = rows();
  const at = all.indexOf(current());
  return at < 0 ? [] : all.slice(at + 1, at + 1 + DEPTH);
}

async function fetchAhead() {
  for (const row of nextRows()) {
    if (underWay || !row.isConnected) return; // what is pressed goes first
    if (paneAddress(row)) await fetched(paneAddress(row)).coming;
  }
}

// A list of a few rows that has another page is read anew, by itself: what is pressed meanwhile goes first.
async function fillUp() {
  const here = pane()?.dataset.issue;
  if (underWay || rows().length > FEW || !document.querySelector(".queue .pages a[rel=next]")) return;
  const asked = { headers: { "HX-Request": "true", "HX-Target": "list" }, priority: "low" };
  const answer = await fetch(location.href, asked).catch(() => null);
  const html = answer?.ok && !answer.redirected ? await answer.text() : "";
  if (!html || underWay || pane()?.dataset.issue !== here) return;
  htmx.swap("#list", html, { swapStyle: "outerHTML" });
  showPicked();
  mark(here);
  await fetchAhead();
}
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));

function giveUpOvertaken() {
  const wanted = new Set(nextRows().map(paneAddress));
  for (const [address, kept] of ahead) {
    if (kept.html || wanted.has(address)) continue;
    ahead.delete(address);
    kept.stop.abort();
  }
}

// What tells of an issue that was decided on is asked for anew.
function forget(issues) {
  for (const [address, kept] of ahead) {
    kept.decided.push(...issues);
    if (kept.html && issues.some(tellsOf(kept.html))) ahead.delete(address);
  }
}

function mark(issue) {
  for (const row of rows()) {
    const isHere = row.dataset.issue === issue;
    row.classList.toggle("here", isHere);
    row.querySelector("a[data-row]").toggleAttribute("aria-current", isHere);
    if (isHere) row.querySelector("a[data-row]").setAttribute("aria-current", "true");
    if (isHere) row.scrollIntoView({ block: "nearest" });
  }
}

function shown() {
  mark(pane()?.dataset.issue);
  giveUpOvertaken();
  whenIdle(() => fetchAhead().then(fillUp));
}

/* Another issue of the list */

async function showRow(link, kept) {
  underWay = link;
  const html = kept.html || (await kept.coming);
  if (underWay !== link) return; // something else was pressed meanwhile
  underWay = null;
  ahead.delete(link.getAttribute("hx-get"));
  if (!html) return link.click();
  htmx.swap("#pane", html, { swapStyle: "outerHTML" }, { contextElement: link });
  history.pushState({ htmx: true }, "", link.getAttribute("hx-push-url"));
}

/* Decisions */

let held = null; // of the decision under way: which pane comes next, so that the answer need not bring it

// Says what is on the page, so that the answer need bring no more than what changes: of an issue that stays open its
// row, else that a row goes, with the pane of the next taken from what was fetched ahead.
function sayWhatIsThere(event) {
  const { elt, headers, parameters } = event.detail;
  const here = pane()?.dataset.issue;
  held = null;
  if (elt.matches(".queue li form") && elt.elements.here) parameters.here = here;
  const row = document.getElementById(`row-${here}`);
  if (!row || !elt.matches("#pane form")) return;
  headers["X-Row"] = here;
  headers["X-Next"] = row.nextElementSibling?.dataset.issue ?? "";
  const { next, target } = elt.elements;
  const link = next && document.querySelector(`#row-${next.value || 0} a[data-row][hx-get]`);
  if (!link) return;
  headers["X-Pane-Held"] = next.value;
  const kept = fetched(link.getAttribute("hx-get"));
  held = { link, kept, decided: [here, target?.value].filter(Boolean) };
}

function goOn(event) {
  const { xhr, requestConfig } = event.detail;
  const next = held;
  held = null;
  const revision = xhr.getResponseHeader("X-Revision");
  if (revision) {
    event.preventDefault();
    return stayOn(xhr.response, revision);
  }
  if (!next || !xhr.getResponseHeader("X-Pane-Held")) return;
  event.preventDefault();
  if (next.kept.html) return showNext(xhr, next, next.kept.html);
  isAwaited = true;
  next.kept.coming.then((html) => {
    isAwaited = false;
    showNext(xhr, next, html);
    ended({ detail: { xhr, requestConfig } });
  });
}

function showNext(xhr, { link, kept, decided }, html) {
  for (const [address, other] of ahead) if (other === kept) ahead.delete(address);
  if (decided.every((issue) => /^\d+$/.test(issue))) forget(decided);
  else ahead.clear(); // of what is called by its number or address nothing is known here
  if (html) history.pushState({ htmx: true }, "", xhr.getResponseHeader("HX-Push-Url"));
  htmx.swap("#pane", xhr.response + html, { swapStyle: html ? "outerHTML" : "none" });
  wasDecided();
  if (!html) queueMicrotask(() => link.click());
}

// The issue stays open, and may be decided on again at once: nobody but its reader has changed it. What else its pane
// tells is asked for by itself, and not put under the hands of who has gone on.
async function stayOn(html, revision) {
  const here = pane().dataset.issue;
  for (const kept of pane().querySelectorAll("[name=revision]")) kept.value = revision;
  if (openVerb()) openVerb().open = false;
  forget([here]);
  htmx.swap("#pane", html, { swapStyle: "none" }, { eventInfo: { isAnew: true } });
  wasDecided();
  const address = paneAddress(document.getElementById(`row-${here}`));
  const anew = address && (await fetched(address).coming);
  if (!anew || underWay || openVerb() || isTyping(document.activeElement) || pane()?.dataset.issue !== here) return;
  if (pane().querySelector("[name=revision]")?.value !== revision) return;
  ahead.delete(address);
  htmx.swap("#pane", anew, { swapStyle: "outerHTML" }, { eventInfo: { isAnew: true } });
}

function wasDecided() {
  others?.postMessage("decided");
  say(told());
  showPicked();
}

if (work()) {
  const isAside = (event) => event.detail.elt.matches("[data-aside]"); // what the page asks for by itself
  document.addEventListener("htmx:configRequest", (event) => isAside(event) || sayWhatIsThere(event));
  document.addEventListener("htmx:beforeSwap", (event) => event.detail.requestConfig?.verb === "post" && goOn(event));
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isAside(event)) return;
    const address = isRead(event.detail.elt) && event.detail.elt.getAttribute("hx-get");
    const kept = address && ahead.get(address);
    if (isFresh(kept)) {
      event.preventDefault();
      showRow(event.detail.elt, kept);
    } else underWay = event.detail.elt;
  });
  for (const end of ["htmx:afterRequest", "htmx:onLoadError"]) document.addEventListener(end, ended);
  document.addEventListener("htmx:confirm", (event) => {
    if (isRead(underWay) && !isAside(event)) htmx.trigger(work(), "htmx:abort"); // the request that hx-sync keeps there
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const where = event.target.id;
    if (where !== "work" && where !== "pane") return;
    if (event.detail.isAnew) return settle("work");
    const isAnswer = event.detail.requestConfig?.verb === "post";
    if (where === "work") ahead.clear();
    else if (isAnswer) forget([pane().dataset.issue]);
    if (where === "work" || isAnswer) wasDecided();
    settle(isAnswer ? "work" : where);
  });
  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(failure, (event) => isAside(event) || warn(event.detail.xhr));
  }
  others?.addEventListener("message", () => ahead.clear());
  showPicked();
  shown();
  if (told()) say(told()); // what a form told that was sent as any form is
}

function settle(where) {
  const errors = document.getElementById("errors");
  const open = openVerb()?.querySelector("[aria-invalid=true], textarea:not([name=note])");
  const isElsewhere = isTyping(document.activeElement) && !work().contains(document.activeElement); // searches by now
  if (!isElsewhere) (errors ?? open ?? pane() ?? document.getElementById("main")).focus({ preventScroll: true });
  if (!matchMedia("(min-width: 64rem)").matches && where === "pane") pane()?.scrollIntoView();
  shown();
}

function words(told) {
  return [...told.childNodes].filter((node) => node.nodeName !== "FORM").map((node) => node.textContent).join("").trim();
}

function told() {
  return [...work().querySelectorAll(".toast > span, .notices .notice > div")].map(words).join(" ");
}

// What was pressed came to nothing, which nothing on the page would tell.
function warn({ status, statusText }) {
  const isAnswered = status && status < 500;
  const sentence = isAnswered ? `${status} ${statusText}` : document.getElementById("said").dataset.unanswered;
  const toasts = Object.assign(document.createElement("div"), { className: "toasts" });
  const toast = toasts.appendChild(Object.assign(document.createElement("div"), { className: "toast" }));
  toast.append(Object.assign(document.createElement("span"), { textContent: sentence }));
  document.getElementById("toasts").replaceChildren(toasts);
  say(sentence);
}

function say(sentence) {
  const region = document.getElementById("said");
  const title = pane()?.querySelector("h1")?.textContent ?? "";
  if (region) region.textContent = `${sentence} ${title}`.trim();
}

/* What is left of a claim */
setInterval(() => {
  for (const left of document.querySelectorAll("[data-until]")) {
    const seconds = Math.floor((new Date(left.dataset.until) - Date.now()) / 1000);
    if (seconds < 0) left.closest(".claimed, .badge").hidden = true;
    else left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}, 1000);
