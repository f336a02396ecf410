"use strict";
{
  const table = document.getElementById("class");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const search = document.getElementById("search");
  const show = document.getElementById("show");
  const order = new Intl.Collator("en", { numeric: true });
  const texts = new Map(rows.map(row => [row, [...row.cells].map(cell => cell.textContent)]));
  const words = new Map(rows.map(row => [row, texts.get(row).join(" ").toLowerCase()]));

  function filter() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const kinds = row.dataset.is.split(" ");
      row.hidden = !(wanted.every(word => words.get(row).includes(word)) &&
        (!show.value || kinds.includes(show.value)));
      shown += !row.hidden;
    }
    document.getElementById("shown").textContent = `${shown} of ${rows.length} submissions`;
  }

  function sort(column) {
    const head = heads[column];
    const numeric = head.classList.contains("number");
    // Numbers are first sorted from the highest, names from A.
    const before = head.getAttribute("aria-sort") ?? (numeric ? "ascending" : "descending");
    const sign = before === "ascending" ? -1 : 1;
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const key = row => texts.get(row)[column];
    rows.sort((a, b) => sign * (numeric ? key(a) - key(b) : order.compare(key(a), key(b))));
    body.append(...rows);
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
  search.addEventListener("input", filter);
  show.addEventListener("change", filter);
  document.querySelector(".controls").hidden = false;
  filter();
}
