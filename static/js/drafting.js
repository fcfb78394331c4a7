/* The report form is saved on this site as it is filled in, and never in this browser. Without this file it is saved by
   its buttons. */
const line = document.querySelector("[data-draft]");
const form = line?.closest("form");
const EVERY_MS = 10_000; // at most
const KEPT_ALIVE_MOST = 60_000; // bytes that browsers still send for a page that goes away: 64 kB with all around it
const TOO_LONG = 413;

let isChanged = false;
let isLeaving = false;
let sending = null;
let waiting = 0;
let lastAt = -Infinity;

function answers() {
  const sent = new FormData(form);
  for (const box of form.querySelectorAll("input[type=file]")) sent.delete(box.name);
  return sent;
}

const mayBeKept = () => form.querySelector("[name=gate][value=no]:checked") !== null;

function tell(status) {
  if (status.ok) {
    const digits = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const time = new Date().toLocaleTimeString(document.documentElement.lang, digits);
    line.textContent = line.dataset.saved.replace("__time__", time);
  } else if (status.status === TOO_LONG) {
    line.textContent = line.dataset.tooLong;
  } else {
    line.textContent = line.dataset.failed;
  }
}

async function save({ isLast = false } = {}) {
  clearTimeout(waiting);
  waiting = 0;
  if (!isChanged || isLeaving || !mayBeKept()) return;
  sending?.abort();
  const ours = (sending = new AbortController());
  const sent = answers();
  let size = 0;
  for (const [name, value] of sent) size += name.length + new Blob([value]).size + 120;
  isChanged = false;
  lastAt = performance.now();
  let answer = { ok: false };
  try {
    answer = await fetch(line.dataset.draft, {
      method: "POST",
      body: sent,
      headers: { "X-CSRFToken": sent.get("csrfmiddlewaretoken") },
      keepalive: isLast && size < KEPT_ALIVE_MOST,
      signal: ours.signal,
    });
  } catch {
    if (ours.signal.aborted) return;
  }
  if (ours === sending) sending = null;
  tell(answer);
  if (!answer.ok && answer.status !== TOO_LONG) {
    isChanged = true;
    later();
  }
}

function later() {
  if (!waiting) waiting = setTimeout(save, Math.max(0, lastAt + EVERY_MS - performance.now()));
}

if (form) {
  if (mayBeKept()) line.textContent = line.dataset.begun;
  form.addEventListener("input", () => {
    isChanged = true;
    if (!waiting) waiting = setTimeout(save, EVERY_MS);
  });
  form.addEventListener("change", () => {
    isChanged = true;
    clearTimeout(waiting);
    waiting = 0;
    later();
  });
  form.addEventListener("submit", () => {
    isLeaving = true; // what is submitted is saved by that, and nothing older may come after it
    sending?.abort();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save({ isLast: true });
  });
  addEventListener("pagehide", () => save({ isLast: true }));
  addEventListener("pageshow", () => {
    isLeaving = false;
  });
}
