// Airflow shows these pages in a frame without modal boxes and without ways to the page around it:
// questions are <dialog>s of our own, and links to Airflow's pages are followed by the page around us.
"use strict";

for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}
for (const button of document.querySelectorAll("[data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
for (const form of document.querySelectorAll("dialog form")) {
  form.addEventListener("submit", () => { for (const button of form.querySelectorAll("button")) button.disabled = true; });
}
for (const link of document.querySelectorAll("[data-airflow]")) {
  const around = window.parent.document;
  link.href = new URL(link.dataset.airflow, around === document ? new URL("/", location) : around.baseURI);
  link.addEventListener("click", (event) => {
    if (around === document) return;
    event.preventDefault();
    const outside = Object.assign(around.createElement("a"), { href: link.href });
    around.body.append(outside);
    outside.click();
    outside.remove();
  });
}
// On a narrow screen each row is shown as a card: its cells then carry the names of their columns.
for (const table of document.querySelectorAll("table")) {
  const names = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
  for (const row of table.tBodies[0]?.rows ?? []) {
    if (row.cells.length === names.length) [...row.cells].forEach((cell, at) => { cell.dataset.name = names[at]; });
  }
}
// Airflow's own switch for light and dark wins over the system's.
if (window.parent !== window) {
  const theirs = window.parent.document.documentElement;
  const follow = () => { document.documentElement.dataset.theme = theirs.classList.contains("dark") ? "dark" : "light"; };
  follow();
  new MutationObserver(follow).observe(theirs, { attributeFilter: ["class"] });
}
