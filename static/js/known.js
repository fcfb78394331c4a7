/* While somebody writes: whether it is known already. What they wrote goes along in a body, and is kept nowhere; without
   this file the same list stands on the page that checks the answers. */
const place = document.querySelector("form#report [data-known-at]");
const form = place?.closest("form");
const ASKED = ["summary", "what_happened", "artifact", "artifact_kind", "version", "kind", "conversation", "prompt", "output"];
const RESTED_MS = 600; // since the last letter
const TEXT_MOST = 4000; // characters of one answer; what it is about has been said by then
const LEAST = 10; // characters of the sentence or the account, below which nobody can tell

let waiting = 0;
let asking = null;
let askedLast = "";

function asked() {
  const all = new FormData(form);
  const sent = new FormData();
  for (const name of ["csrfmiddlewaretoken", "gate", ...ASKED]) {
    const value = all.get(name);
    if (typeof value === "string" && value) sent.set(name, value.slice(0, TEXT_MOST));
  }
  return sent;
}

function isWorthAsking(sent) {
  const told = ["summary", "what_happened"].some((name) => (sent.get(name) ?? "").trim().length >= LEAST);
  return told && sent.get("gate") === "no";
}

function say(list) {
  const count = Number(list.querySelector("[data-count]")?.dataset.count ?? 0);
  const words = count === 0 ? place.dataset.none : count === 1 ? place.dataset.one : place.dataset.more;
  place.querySelector("[role=status]").textContent = words.replace("__count__", count);
}

async function look() {
  const sent = asked();
  const list = place.querySelector(".known-list");
  if (!isWorthAsking(sent)) {
    asking?.abort();
    list.replaceChildren();
    place.querySelector("[role=status]").textContent = "";
    askedLast = "";
    return;
  }
  const key = JSON.stringify([...sent]);
  if (key === askedLast || list.contains(document.activeElement)) return; // nobody's button goes away under them
  askedLast = key;
  asking?.abort();
  const ours = (asking = new AbortController());
  try {
    const answer = await fetch(place.dataset.knownAt, { method: "POST", body: sent, signal: ours.signal });
    if (!answer.ok) throw new Error(answer.status);
    const html = await answer.text();
    if (ours.signal.aborted) return;
    list.innerHTML = html;
    say(list);
  } catch {
    if (ours === asking && !ours.signal.aborted) askedLast = ""; // asked again with the next letter; writing goes on
  }
}

if (place) {
  const wait = (event) => {
    if (event.target.name !== "gate" && !ASKED.includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(look, RESTED_MS);
  };
  form.addEventListener("input", wait);
  form.addEventListener("change", wait);
  look();
}
