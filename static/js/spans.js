/* Words selected with the mouse on the publication desk become passages of their own, beside what was ticked. */
const HOLDER = "[data-start]";

/* Characters as the server counts them: a smiley is one there, and two here. */
const characters = (text) => [...text].length;

/* A chip stands for hidden characters, as many as it says; a mark for all that was removed. */
function lengthOf(node, holder) {
  if (node.nodeType === Node.TEXT_NODE) return characters(node.data);
  if (node.classList?.contains("redacted")) return holder.dataset.end - holder.dataset.start;
  if (node.classList?.contains("ctrl")) return Number(/×(\d+)/.exec(node.textContent)?.[1] ?? 1);
  return [...node.childNodes].reduce((sum, child) => sum + lengthOf(child, holder), 0);
}

/* How many characters of the passage stand before this point of the page. */
function before(holder, node, offset) {
  if (node.nodeType === Node.TEXT_NODE && !node.parentElement.closest(".ctrl, .redacted")) {
    return characters(node.data.slice(0, offset)) + aheadOf(holder, node);
  }
  if (node === holder || holder.contains(node)) {
    const within = [...node.childNodes].slice(0, offset).reduce((sum, child) => sum + lengthOf(child, holder), 0);
    return within + aheadOf(holder, node);
  }
  return 0;
}

function aheadOf(holder, node) {
  let sum = 0;
  for (let at = node; at !== holder; at = at.parentNode) {
    for (let other = at.previousSibling; other; other = other.previousSibling) sum += lengthOf(other, holder);
  }
  return sum;
}

const holderOf = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest(HOLDER);

/* What is selected, cut to the part in which it begins: {part, start, end, words}; nothing if it is not one of ours. */
function selected(form) {
  const selection = document.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const first = holderOf(range.startContainer);
  if (!first || !form.contains(first)) return null;
  const list = first.closest("[data-part]");
  let last = holderOf(range.endContainer);
  let end;
  if (last && list.contains(last)) {
    end = Number(last.dataset.start) + before(last, range.endContainer, range.endOffset);
  } else {
    const inside = [...list.querySelectorAll(HOLDER)].filter((holder) => range.intersectsNode(holder));
    end = Number(inside.at(-1).dataset.end);
  }
  const start = Number(first.dataset.start) + before(first, range.startContainer, range.startOffset);
  return start < end ? { part: list.dataset.part, start, end, words: selection.toString().trim() } : null;
}

function note(form, as, span) {
  const chosen = form.querySelector("[data-chosen]");
  const list = chosen.querySelector("[data-list]");
  const line = document.createElement("li");
  const what = document.createElement("b");
  what.textContent = as === "quoted" ? list.dataset.publish : list.dataset.remove;
  const words = document.createElement("bdi");
  words.textContent = span.words.length > 80 ? `${span.words.slice(0, 79)}…` : span.words;
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = as;
  input.value = `${span.part}:${span.start}:${span.end}`;
  const drop = document.createElement("button");
  drop.type = "button";
  drop.className = "button tight plain";
  drop.textContent = list.dataset.drop;
  drop.addEventListener("click", () => {
    line.remove();
    chosen.hidden = !list.children.length;
  });
  line.append(what, " ", words, " ", input, drop);
  list.append(line);
  chosen.hidden = false;
}

for (const form of document.querySelectorAll("form[data-spans]")) {
  const bar = form.querySelector("[data-at-selection]");
  let span = null;
  document.addEventListener("selectionchange", () => {
    if (bar.contains(document.activeElement)) return;
    span = selected(form);
    bar.hidden = !span;
  });
  for (const button of bar.querySelectorAll("button")) {
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    button.addEventListener("click", () => {
      if (span) note(form, button.dataset.as, span);
      document.getSelection().removeAllRanges();
      bar.hidden = true;
    });
  }
}
