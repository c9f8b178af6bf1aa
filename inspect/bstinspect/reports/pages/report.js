"use strict";
// Three comforts; the page says everything without them.

// The switch between light and dark.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const now = root.dataset.theme || (dark.matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});

// Sorting: by data-value where a cell has one, else by its words. A second click turns the order round.
const collator = new Intl.Collator(root.lang, { numeric: true });
function compare(one, other) {
  const [left, right] = [one, other].map((cell) => cell?.dataset.value);
  if (left !== undefined && right !== undefined) return Number(left) - Number(right) || 0;
  return collator.compare(one?.textContent ?? "", other?.textContent ?? "");
}
for (const button of document.querySelectorAll("table.sortable th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const body = head.closest("table").tBodies[0];
    const index = head.cellIndex;
    const turn = head.ariaSort === "ascending" ? -1 : 1;
    const rows = [...body.rows].sort((one, other) => turn * compare(one.cells[index], other.cells[index]));
    body.append(...rows);
    for (const each of head.parentElement.cells) each.ariaSort = "none";
    head.ariaSort = turn === 1 ? "ascending" : "descending";
  });
}

// The full line of a call, where the keyboard or a finger comes to it; a pointer sees its title.
const tip = document.getElementById("tip");
function hide() {
  tip.hidden = true;
}
document.addEventListener("focusin", (event) => {
  const code = event.target.closest("code.whole");
  if (!code) return hide();
  tip.textContent = code.title;
  tip.hidden = false;
  code.setAttribute("aria-describedby", "tip");
  const box = code.getBoundingClientRect();
  const room = root.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(8, Math.min(box.left, room))}px`;
  const below = box.bottom + 6;
  const above = box.top - tip.offsetHeight - 6;
  tip.style.top = `${below + tip.offsetHeight > root.clientHeight && above > 0 ? above : below}px`;
});
document.addEventListener("focusout", hide);
document.addEventListener("scroll", hide, true);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
