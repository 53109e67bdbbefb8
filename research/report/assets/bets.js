"use strict";
// The bets of the selected configurations: all are sorted and filtered in typed arrays; 50 rows are in the document.
(() => {
  if (!bea) return;
  const ROWS = 50, DAY = 864e5, { make } = bea;
  const money = { form: "money", digits: 0 }, share = { form: "percent", digits: 2 }, count = { form: "count", digits: 0 };
  const iso = day => Number.isNaN(day) ? "–" : new Date(day * DAY).toISOString().slice(0, 10);

  const columnsOf = ({ words, numbers }) => {
    const text = (key, width) => ({ key, head: key, words: true, width, value: row => words[key].data[row], text: row => words[key].texts[words[key].data[row]] });
    const number = (key, head, width, measure, shown = value => bea.shown(measure, value)) => ({
      key, head, width, descending: true, value: row => bea.scaled(measure, numbers[key][row]), text: row => shown(numbers[key][row]),
    });
    const event = words.home ? {
      key: "event", head: "event", words: true, width: 25,
      value: row => words.home.data[row] * (words.away.texts.length + 1) + words.away.data[row],
      text: row => words.home.texts[words.home.data[row]] + " v " + words.away.texts[words.away.data[row]],
    } : { ...text("event_id", 22), key: "event", head: "event" };
    // a price has two decimals, and three where it needs them
    const odds = value => bea.number(value, Math.round(value * 1000) % 10 ? 3 : 2);
    return [
      { ...number("date", "date", 12, count, iso), read: wanted => Date.parse(wanted) / DAY },
      event, text("market", 15), text("selection", 12), ...(words.bookmaker ? [text("bookmaker", 13)] : []),
      number("odds", "odds", 9, count, odds), number("stake", "stake", 10, money), text("result", 10),
      { ...number("profit", "profit", 11, money), sign: true },
      ...(numbers.clv ? [{ ...number("clv", "CLV, %", 11, share), sign: true }] : []),
    ];
  };

  const prepare = sheet => {
    const holder = document.querySelector(`.sheet[data-config="${sheet.config}"]`), box = holder && holder.querySelector(".bets");
    if (!box) return;
    const frame = box.querySelector(".table"), search = box.querySelector("input"), tally = box.querySelector(".count"), place = box.querySelector(".place");
    const steps = [...box.querySelectorAll("[data-step]")], columns = columnsOf(sheet);
    let sorted = { column: null, down: false }, span = null, page = 0, view = [];

    const table = document.createElement("table"), group = document.createElement("colgroup");
    const head = table.createTHead().insertRow(), body = table.createTBody();
    for (const column of columns) {
      const col = document.createElement("col"), press = make("button", "", column.head);
      column.cell = make("th", column.words ? "words" : "", "");
      col.style.width = column.width + "ch";
      column.cell.scope = "col";
      press.type = "button";
      press.addEventListener("click", () => order(column));
      column.cell.append(press);
      group.append(col);
      head.append(column.cell);
    }
    table.style.width = columns.reduce((sum, column) => sum + column.width, 0) + "ch";
    table.prepend(group);
    frame.replaceChildren(table);

    const line = row => {
      const out = document.createElement("tr");
      columns.forEach((column, at) => {
        const text = column.text(row), cell = make(at ? "td" : "th", column.words ? "words" : "", text);
        if (!at) cell.scope = "row";
        if (column.words) cell.title = text;
        if (column.sign && text !== "–") cell.className = column.value(row) < 0 ? "minus" : column.value(row) > 0 ? "plus" : "";
        out.append(cell);
      });
      return out;
    };
    const draw = () => {
      const first = page * ROWS, last = Math.min(view.length, first + ROWS);
      body.replaceChildren(...Array.from(view.slice(first, last), line));
      frame.scrollTop = 0;
      place.textContent = view.length ? `${bea.number(first + 1, 0)} to ${bea.number(last, 0)} of ${bea.number(view.length, 0)}` : "No such bet.";
      for (const step of steps) step.disabled = step.dataset.step === "1" ? last === view.length : page === 0;
    };
    const filter = () => {
      const conditions = bea.tests(search.value, columns), dates = sheet.numbers.date;
      const within = row => !span || (dates[row] >= span[0] && dates[row] <= span[1]);
      view = Array.from({ length: sheet.rows }, (_, row) => row).filter(row => within(row) && conditions.every(passes => passes(row)));
      if (sorted.column) view.sort(bea.compare(sorted.column, sorted.down));
      const all = bea.number(sheet.rows, 0), dated = span ? `, dated ${iso(span[0])} to ${iso(span[1])}` : "";
      tally.textContent = conditions.length || span ? `${bea.number(view.length, 0)} of ${all} bets${dated}` : `${all} ${sheet.rows === 1 ? "bet" : "bets"}`;
      page = 0;
      draw();
    };
    const order = column => {
      // first click, second click: reversed, third click: in the order of betting
      const first = Boolean(column.descending);
      if (sorted.column !== column) sorted = { column, down: first };
      else sorted = sorted.down === first ? { column, down: !first } : { column: null, down: false };
      for (const other of columns) {
        other.cell.removeAttribute("aria-sort");
        other.cell.firstChild.textContent = other.head + (other === sorted.column ? (sorted.down ? " ↓" : " ↑") : "");
      }
      if (sorted.column) column.cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      filter();
    };
    let timer = 0;
    search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 80); });
    for (const step of steps) step.addEventListener("click", () => { page += Number(step.dataset.step); draw(); });
    holder.addEventListener("span", event => { span = event.detail; filter(); });
    filter();
  };
  bea.sheets.forEach(prepare);
})();
