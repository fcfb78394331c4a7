/* The report form, a little more comfortable: characters are counted, and told when few are left. */
const form = document.querySelector("form#report");
const SAID_BELOW = 20; // characters left at which a screen reader is told
const SPOKEN_AFTER_MS = 1000; // of rest, so that nobody is interrupted while typing

/* Characters as the server counts them: a smiley is one there, and two here. */
const characters = (text) => [...text.trim()].length;

function counted(box, line) {
  const spoken = document.createElement("p");
  spoken.className = "vh";
  spoken.setAttribute("role", "status");
  line.after(spoken);
  const least = line.textContent;
  let waiting;
  const count = () => {
    const total = characters(box.value);
    const words = form.dataset.counted.replace("__count__", total).replace("__limit__", box.dataset.limit);
    line.textContent = total ? words : least;
    line.classList.toggle("over", total > box.dataset.limit);
    clearTimeout(waiting);
    if (total > box.dataset.limit - SAID_BELOW) waiting = setTimeout(() => (spoken.textContent = words), SPOKEN_AFTER_MS);
  };
  box.addEventListener("input", count);
  count();
}

for (const box of form?.querySelectorAll("[data-limit]") ?? []) {
  const line = box.closest(".field").querySelector(".count");
  if (line) counted(box, line);
}

/* Whoever comes back to a page with errors begins at their list. */
document.querySelector("#errors")?.focus();
