/* Toasts get a button that closes them; menus close on Escape and on a press elsewhere. */
for (const toasts of document.querySelectorAll("[data-dismiss]")) {
  for (const toast of toasts.children) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button tight plain";
    button.textContent = toasts.dataset.dismiss;
    button.addEventListener("click", () => toast.remove());
    toast.append(button);
  }
}

const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
