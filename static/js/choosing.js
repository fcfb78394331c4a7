/* The name of an artifact is chosen as it is typed: a combobox as the ARIA Authoring Practices describe it. Without this
   file it is a text field, and any name will do. */
const box = document.querySelector("[data-choose=artifact]");
const versionBox = document.querySelector("[data-choose=version]");
const form = box?.closest("form");
const RESTED_MS = 200; // since the last letter

let list = null;
let said = null;
let waiting = 0;
let asking = null;
let isPicking = false;

const options = () => [...list.querySelectorAll("[role=option]")];
const active = () => list.querySelector("[aria-selected=true]");
const kind = () => form.querySelector("[name=artifact_kind]:checked")?.value ?? "";
const at = (path, asked) => `${new URL(path, form.action).pathname}?${new URLSearchParams(asked)}`;

function dress() {
  list = document.createElement("ul");
  list.id = "artifact-choices";
  list.className = "choosing";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.labels[0]?.textContent.trim() ?? "");
  list.hidden = true;
  said = document.createElement("p");
  said.className = "vh";
  said.setAttribute("role", "status");
  const frame = document.createElement("div");
  frame.className = "chooser";
  box.before(frame);
  frame.append(box, list, said);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
    autocomplete: "off",
  })) {
    box.setAttribute(name, value);
  }
}

function close() {
  clearTimeout(waiting);
  asking?.abort();
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
  said.textContent = "";
}

function point(option) {
  active()?.setAttribute("aria-selected", "false");
  if (!option) return box.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", option.id);
}

function step(by) {
  const all = options();
  if (!all.length) return;
  const now = all.indexOf(active());
  point(all[now < 0 ? (by > 0 ? 0 : all.length - 1) : (now + by + all.length) % all.length]);
}

async function open() {
  asking?.abort();
  const ours = (asking = new AbortController());
  try {
    const answer = await fetch(at("artifacts/", { q: box.value, kind: kind() }), { signal: ours.signal });
    if (!answer.ok) return close();
    const html = await answer.text();
    if (ours.signal.aborted || document.activeElement !== box) return;
    list.innerHTML = html;
  } catch {
    return;
  }
  list.hidden = false;
  box.setAttribute("aria-expanded", "true");
  box.removeAttribute("aria-activedescendant");
  said.textContent = [...list.children].map((option) => option.textContent.trim()).slice(0, 3).join(", ");
}

/* Set as if it were typed, so that whoever keeps the draft or looks for known issues hears of it. */
function tell(input) {
  isPicking = true;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  isPicking = false;
}

function knowNothing(isSo) {
  const tick = form.querySelector("[name=unknown_artifact]");
  if (!tick || tick.checked === isSo) return;
  tick.checked = isSo;
  tell(tick);
}

function pick(option) {
  close();
  if ("unknown" in option.dataset) {
    box.value = "";
    knowNothing(true);
  } else if (option.dataset.artifact) {
    box.value = option.dataset.artifact;
    const same = form.querySelector(`[name=artifact_kind][value="${option.dataset.kind}"]`);
    if (same && !same.checked) {
      same.checked = true;
      tell(same);
    }
    knowNothing(false);
  } else {
    knowNothing(false);
  }
  tell(box);
  offerVersions();
  box.focus();
}

async function offerVersions() {
  if (!versionBox) return;
  let known = document.querySelector("#version-choices");
  if (!known) {
    known = document.createElement("datalist");
    known.id = "version-choices";
    versionBox.after(known);
  }
  known.replaceChildren();
  versionBox.removeAttribute("list");
  if (!box.value.trim()) return;
  try {
    const answer = await fetch(at("artifacts/versions/", { artifact: box.value, kind: kind() }));
    if (answer.ok) known.innerHTML = await answer.text();
  } catch {
    return; // any version may be typed
  }
  if (known.children.length) versionBox.setAttribute("list", known.id);
}

function pressed(event) {
  if (event.isComposing) return; // an input method has its own use for these keys
  const isOpen = !list.hidden;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (isOpen) step(event.key === "ArrowDown" ? 1 : -1);
    else open().then(() => list.hidden || step(event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" && isOpen && active()) {
    event.preventDefault();
    pick(active());
  } else if (event.key === "Escape" && isOpen) {
    event.preventDefault();
    event.stopPropagation();
    close();
  } else if (event.key === "Tab") {
    close();
  }
}

if (box && form) {
  dress();
  box.addEventListener("keydown", pressed);
  box.addEventListener("input", () => {
    if (isPicking) return;
    clearTimeout(waiting);
    waiting = setTimeout(open, RESTED_MS);
  });
  box.addEventListener("blur", () => {
    close();
    offerVersions();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) pick(option);
  });
  offerVersions();
}
