"use strict";
// The leaderboard: all rows are sorted and filtered in typed arrays; only the visible rows are in the document.
(() => {
  if (!bea) return;
  const ROW = 32, HEAD = 38, SPARE = 8;
  const frame = document.getElementById("board"), search = document.getElementById("filter"), tally = document.getElementById("tally");
  const charted = new Set(bea.selected);
  const column = measure => ({
    key: measure.name, head: measure.head, measure, descending: measure.higher_is_better, sign: ["yield", "roi", "pnl_minor", "clv_mean"].includes(measure.name),
    value: row => bea.scaled(measure, measure.data[row]), text: row => bea.shown(measure, measure.data[row]),
    width: Math.max(measure.head.length + 2, measure.form === "money" ? 11 : 7) + 2.5,
  });
  const digits = Math.max(3, String(bea.total).length);
  // the others with the same bets as the first of them, which is shown for all while they are folded
  const others = new Map(), box = document.getElementById("fold");
  bea.alike.forEach((first, row) => { if (first !== row) others.set(first, (others.get(first) || 0) + 1); });
  const equal = [...others.values()].reduce((sum, more) => sum + more, 0);
  if (equal) {
    box.parentElement.hidden = false;
    document.getElementById("folded").textContent = "Fold " + bea.number(equal, 0) + " with the same bets as another one";
  }
  const folded = () => equal > 0 && box.checked;
  const parameterColumn = parameter => ({
    key: parameter.key, head: parameter.head, title: parameter.key, words: !parameter.values.length, descending: false,
    value: row => parameter.values.length ? (parameter.data[row] < parameter.values.length ? parameter.values[parameter.data[row]] : NaN) : parameter.data[row],
    text: row => parameter.texts[parameter.data[row]],
    width: Math.min(24, Math.max(parameter.head.length + 1, ...parameter.texts.map(text => text.length))) + 1.5,
  });
  // many settings would push the results out of sight: then one column has all of them in short, and theirs come last
  const settings = bea.parameters.map(parameterColumn), narrow = frame.clientWidth < 600;
  const crowded = settings.length > 1 && settings.reduce((sum, one) => sum + one.width, 0) > (narrow ? 12 : 45);
  const phrase = (one, text) => one.words && !["yes", "no"].includes(text) ? text : one.head + " " + text;
  const inShort = row => settings.map(one => [one, one.text(row)]).filter(([, text]) => text !== "–").map(([one, text]) => phrase(one, text)).join(", ");
  let ranks = null;
  const compact = {
    key: "settings", head: "settings", words: true, compact: true, descending: false, text: inShort, width: narrow ? 17 : 46,
    value: row => {
      if (!ranks) {
        ranks = new Uint32Array(bea.rows);
        const before = (a, b) => { for (const { data } of bea.parameters) if (data[a] !== data[b]) return data[a] - data[b]; return a - b; };
        Uint32Array.from(ranks.keys()).sort(before).forEach((one, rank) => { ranks[one] = rank; });
      }
      return ranks[row];
    },
  };
  const columns = [
    { key: "config", head: "#", descending: false, value: row => bea.config[row], text: row => "#" + bea.config[row] + (folded() && others.has(row) ? " +" + others.get(row) : ""), width: digits + (equal ? 11 : 6) },
    ...bea.flags.map(parameterColumn),
    ...(crowded ? [compact, ...bea.measures.map(column), ...settings] : [...settings, ...bea.measures.map(column)]),
  ];
  let sorted = { column: null, down: false }, selected = -1, active = 0;
  let view = Uint32Array.from({ length: bea.rows }, (_, row) => row);

  const table = document.createElement("table"), group = document.createElement("colgroup");
  const head = table.createTHead().insertRow(), body = document.createElement("tbody");
  for (const column of columns) {
    const col = document.createElement("col");
    col.style.width = column.width + "ch";
    group.append(col);
    const cell = document.createElement("th"), press = document.createElement("button");
    cell.scope = "col";
    if (column.words) cell.className = "words";
    press.type = "button";
    press.textContent = column.head;
    if (column.title) press.title = column.title;
    press.addEventListener("click", () => order(column));
    cell.append(press);
    head.append(cell);
    column.cell = cell;
  }
  table.style.width = columns.reduce((sum, column) => sum + column.width, 0) + "ch";
  table.setAttribute("aria-rowcount", String(bea.rows + 1));
  table.prepend(group);
  table.append(body);
  frame.replaceChildren(table);

  const gap = rows => {
    const line = document.createElement("tr"), cell = document.createElement("td");
    cell.className = "gap";
    cell.colSpan = columns.length;
    cell.style.height = rows * ROW + "px";
    line.setAttribute("aria-hidden", "true");
    line.append(cell);
    return line;
  };
  const line = (row, place) => {
    const out = document.createElement("tr");
    out.setAttribute("aria-rowindex", String(place + 2));
    if (charted.has(bea.config[row])) out.classList.add("charted");
    if (row === selected) out.classList.add("selected");
    columns.forEach((column, at) => {
      const cell = document.createElement(at ? "td" : "th");
      const text = column.text(row);
      if (!at) {
        cell.scope = "row";
        const pick = document.createElement("button");
        pick.type = "button";
        pick.className = "pick";
        pick.textContent = text;
        pick.tabIndex = place === active ? 0 : -1;
        pick.setAttribute("aria-label", "Select configuration " + bea.config[row]);
        pick.addEventListener("click", () => select(row, place));
        cell.append(pick);
      } else cell.textContent = text;
      if (column.words) { cell.className = "words"; cell.title = text; }
      if (column.sign && text !== "–") cell.className = column.value(row) < 0 ? "minus" : column.value(row) > 0 ? "plus" : "";
      out.append(cell);
    });
    return out;
  };
  let drawn = "";
  const draw = (all = 0) => {
    // one row can be reached with the tab key; the arrow keys move to other rows
    const first = all ? 0 : Math.max(0, Math.floor(frame.scrollTop / ROW) - SPARE);
    const last = Math.min(view.length, all || first + Math.ceil((frame.clientHeight || 480) / ROW) + 2 * SPARE);
    if (active < first || active >= last) active = first;
    const state = [first, last, view.length, active].join();
    if (state === drawn) return;
    drawn = state;
    const focused = document.activeElement && document.activeElement.closest("#board tbody .pick");
    const lines = [];
    for (let place = first; place < last; place++) lines.push(line(view[place], place));
    body.replaceChildren(gap(first), ...lines, gap(all ? 0 : view.length - last));
    const again = focused && body.querySelector('.pick[tabindex="0"]');
    if (again) again.focus({ preventScroll: true });
  };
  const redraw = () => { drawn = ""; draw(); };

  const order = column => {
    const down = sorted.column === column ? !sorted.down : column.descending;
    sorted = { column, down };
    for (const other of columns) other.cell.removeAttribute("aria-sort");
    column.cell.setAttribute("aria-sort", down ? "descending" : "ascending");
    for (const other of columns) other.cell.firstChild.textContent = other.head + (other === column ? (down ? " ↓" : " ↑") : "");
    view.sort(bea.compare(column, down));
    frame.scrollTop = active = 0;
    redraw();
  };

  const filter = () => {
    const conditions = bea.tests(search.value, columns);
    const rows = [];
    const seen = new Set(), fold = folded();
    for (let row = 0; row < bea.rows; row++) {
      if (!conditions.every(passes => passes(row)) || (fold && seen.has(bea.alike[row]))) continue;
      seen.add(bea.alike[row]);
      rows.push(row);
    }
    view = Uint32Array.from(rows);
    if (sorted.column) view.sort(bea.compare(sorted.column, sorted.down));
    frame.scrollTop = active = 0;
    tally.textContent = conditions.length || view.length < bea.rows ? bea.number(view.length, 0) + " of " + bea.number(bea.rows, 0) : bea.number(bea.rows, 0) + (bea.rows === 1 ? " row" : " rows");
    redraw();
  };
  const select = (row, place) => {
    [selected, active] = [row, place];
    redraw();
    document.dispatchEvent(new CustomEvent("configuration", { detail: bea.config[row] }));
  };

  // text that a spreadsheet would read as a formula gets an apostrophe
  const cell = text => {
    const safe = /^[=+\-@\t\r\n|%]/.test(text) ? "'" + text : text;
    return /[",\n\r;]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  };
  const csv = () => {
    const saved = columns.filter(column => !column.compact);
    const lines = [saved.map(column => cell(column.key)).join(",")];
    for (const row of view) {
      lines.push(saved.map((column, at) => {
        if (!at) return String(bea.config[row]);
        if (column.measure) { const value = column.measure.data[row]; return Number.isNaN(value) ? "" : String(value); }
        const value = column.words ? NaN : column.value(row);
        return Number.isNaN(value) ? (column.text(row) === "–" ? "" : cell(column.text(row))) : String(value);
      }).join(","));
    }
    return lines.join("\r\n") + "\r\n";
  };
  bea.csv = csv;
  document.getElementById("csv").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" }));
    link.download = "leaderboard-" + bea.run + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  frame.addEventListener("scroll", () => draw(), { passive: true });
  frame.addEventListener("keydown", event => {
    const page = Math.max(1, Math.floor((frame.clientHeight - HEAD) / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -view.length, End: view.length };
    if (!(event.key in steps)) return;
    event.preventDefault();
    if (!event.target.closest("tbody")) { frame.scrollTop += steps[event.key] * ROW; return; }
    active = Math.max(0, Math.min(view.length - 1, active + steps[event.key]));
    const low = active * ROW, high = (active + 1) * ROW + HEAD - frame.clientHeight;
    frame.scrollTop = Math.max(high, Math.min(low, frame.scrollTop));
    draw();
    const pick = body.querySelector('.pick[tabindex="0"]');
    if (pick) pick.focus({ preventScroll: true });
  });
  box.addEventListener("change", filter);
  let timer = 0;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 80); });
  addEventListener("beforeprint", () => draw(Math.min(50, view.length)));
  addEventListener("afterprint", redraw);
  addEventListener("resize", redraw);
  filter();
})();
