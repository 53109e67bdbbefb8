"use strict";
// Static tables: a click on a column heading sorts (second click: reversed, third click: original order); long tables get a filter.
(() => {
  const MANY = 8;
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const digits = text => text.replace(/\s+/g, "").replace(/(\d),(?=\d{3})/g, "$1").replace(/\u2212/g, "-");
  // a number with its unit, or the first number of an interval; dates, names and odds bands are text
  const value = text => {
    const match = digits(text).match(/^([+-]?\d+(?:\.\d+)?)(?:[%a-z].*)?$/i);
    return match ? Number(match[1]) : NaN;
  };
  const plain = text => text.toLowerCase().replace(/[\s_,%]+/g, "");

  const prepare = table => {
    const body = table.tBodies[0], heads = table.tHead ? [...table.tHead.rows[table.tHead.rows.length - 1].cells] : [];
    if (!body || body.rows.length < 2 || !heads.length) return;
    const rows = [...body.rows], texts = rows.map(row => [...row.cells].map(cell => cell.textContent));
    const names = heads.map(head => head.textContent);
    const place = new Map(rows.map((row, at) => [row, at]));
    const columns = names.map((_, at) => {
      const numbers = texts.map(line => value(line[at] || ""));
      const numeric = texts.every((line, row) => !Number.isNaN(numbers[row]) || ["", "–"].includes((line[at] || "").trim()));
      return numeric && numbers.some(number => !Number.isNaN(number)) ? numbers : null;
    });
    let sorted = -1, down = false;
    const order = at => {
      const first = columns[at] !== null;
      if (sorted !== at) [sorted, down] = [at, first];
      else if (down === first) down = !first;
      else sorted = -1;
      heads.forEach((head, column) => {
        const on = column === sorted;
        if (on) head.setAttribute("aria-sort", down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
        head.firstElementChild.textContent = names[column] + (on ? (down ? " ↓" : " ↑") : "");
      });
      const sign = down ? -1 : 1, numbers = columns[at];
      const compare = (a, b) => {
        if (sorted < 0) return a - b;
        if (!numbers) return sign * words.compare(texts[a][at], texts[b][at]) || a - b;
        const missing = Number.isNaN(numbers[a]) - Number.isNaN(numbers[b]);
        return missing || (Number.isNaN(numbers[a]) ? 0 : sign * (numbers[a] - numbers[b])) || a - b;
      };
      body.append(...[...rows].sort((a, b) => compare(place.get(a), place.get(b))));
    };
    heads.forEach((head, at) => {
      const press = document.createElement("button");
      press.type = "button";
      press.className = "order";
      press.textContent = names[at];
      press.addEventListener("click", () => order(at));
      head.replaceChildren(press);
    });
    if (rows.length > MANY) filter(table, rows, texts, names, columns);
  };

  // the test of one word of the filter: a comparison with a column, or text anywhere in the row
  const test = (word, names, columns, texts) => {
    const match = word.match(/^([^<>=!]+)(<=|>=|!=|<|>|=)(.+)$/);
    if (!match) return row => texts[row].some(text => text.toLowerCase().includes(word.toLowerCase()));
    const [, name, sign, wanted] = match, number = Number(digits(wanted));
    const at = [names.findIndex(head => plain(head) === plain(name)), names.findIndex(head => plain(head).startsWith(plain(name)))].find(place => place >= 0);
    if (at === undefined) return () => false;
    if (!columns[at] || Number.isNaN(number)) {
      const same = row => plain(texts[row][at]) === plain(wanted);
      return sign === "=" ? same : sign === "!=" ? row => !same(row) : () => false;
    }
    const cell = row => columns[at][row];
    return { "<": row => cell(row) < number, ">": row => cell(row) > number, "<=": row => cell(row) <= number, ">=": row => cell(row) >= number, "=": row => cell(row) === number, "!=": row => cell(row) !== number }[sign];
  };
  const filter = (table, rows, texts, names, columns) => {
    const bar = document.createElement("div"), label = document.createElement("label"), box = document.createElement("input"), tally = document.createElement("span");
    bar.className = "sift";
    box.type = "search";
    box.autocomplete = "off";
    box.spellcheck = false;
    label.append("Filter ", box);
    tally.className = "count";
    tally.setAttribute("role", "status");
    const sift = () => {
      const tests = box.value.trim().split(/\s+/).filter(Boolean).map(word => test(word, names, columns, texts));
      let shown = 0;
      rows.forEach((row, at) => { row.hidden = !tests.every(passes => passes(at)); shown += !row.hidden; });
      tally.textContent = tests.length ? `${shown} of ${rows.length}` : `${rows.length} rows`;
    };
    box.addEventListener("input", sift);
    bar.append(label, tally);
    table.parentElement.before(bar);
    sift();
  };
  for (const table of document.querySelectorAll(".numbers table, table.plain, table.evidence")) prepare(table);
})();
