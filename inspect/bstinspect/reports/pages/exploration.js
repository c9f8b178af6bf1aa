// What an exploration's page has more: copying, and choosing which points are shown.

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.of);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {  // not allowed: it is selected, to be copied by hand
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
  });
}

const chosen = Object.fromEntries(
  ["process", "event", "fault", "wrong"].map((name) => [name, document.getElementById(`filter-${name}`)]));
const blocks = [...document.querySelectorAll(".block")].map((block) => ({
  block,
  number: block.dataset.block,
  rows: [...block.querySelectorAll("tbody tr")].map((row) => ({ row, event: row.dataset.e, wrong: row.dataset.w ?? "" })),
}));
const sheet = document.styleSheets[0];
const own = sheet.cssRules.length;

function choose() {
  const fault = chosen.fault.value;
  let shown = 0;
  for (const { block, number, rows } of blocks) {
    let any = false;
    for (const { row, event, wrong } of rows) {
      const fits = (!chosen.process.value || chosen.process.value === number)
        && (!chosen.event.value || chosen.event.value === event)
        && (!chosen.wrong.checked || (fault ? wrong.includes(` ${fault} `) : wrong));
      if (row.hidden === Boolean(fits)) row.hidden = !fits;
      any ||= fits;
      shown += fits ? 1 : 0;
    }
    block.hidden = !any;
  }
  if (sheet.cssRules.length > own) sheet.deleteRule(own);
  if (fault) sheet.insertRule(`.matrix td > :not(:nth-child(${Number(fault) + 1})) { display: none }`, own);
  document.getElementById("filter-count").textContent = `${shown} of ${blocks.reduce((sum, each) => sum + each.rows.length, 0)} points`;
}
for (const each of Object.values(chosen)) {
  each.value = each.type === "checkbox" ? each.value : "";  // a browser may remember another
  each.checked = false;
  each.addEventListener("change", choose);
}
document.getElementById("filter").hidden = false;
choose();

// A link to a point leads there, also where it is not shown.
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target?.matches(".matrix tr")) return;
  if (target.hidden) {
    for (const each of Object.values(chosen)) [each.value, each.checked] = ["", false];
    choose();
  }
  target.closest("details").open = true;
  target.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", reveal);
reveal();
