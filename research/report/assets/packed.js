"use strict";
// The packed data of the page: typed arrays, texts of values, numbers as text, and how rows are sorted and filtered.
const bea = (() => {
  const holder = document.getElementById("results");
  if (!holder) return null;
  const raw = JSON.parse(holder.textContent);
  const types = { i2: Int16Array, i4: Int32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
  const decode = (text, type) => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    return new types[type](bytes.buffer);
  };
  const grouped = text => text.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const number = (value, digits) => {
    if (!Number.isFinite(value)) return "–";
    // an exact half rounds to the even digit, as in Python, so that tables and sentences agree
    const size = Math.abs(value), scaled = size * 10 ** digits, half = scaled % 1 === 0.5 && size * 2 ** (digits + 1) % 1 === 0;
    const [integer, fraction] = (half ? 2 * Math.round(scaled / 2) / 10 ** digits : size).toFixed(digits).split(".");
    const text = grouped(integer) + (fraction ? "." + fraction : "");
    return (value < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
  };
  // money has two decimals below 1,000 and none above, as in sentences
  const digitsOf = (measure, value, percentage) => measure.form === "percent" ? percentage : measure.form === "money" && Math.abs(value) < 1e5 ? 2 : 0;
  const scaled = (measure, value) => measure.form === "percent" ? value * 100 : measure.form === "money" ? value / 100 : value;
  // the order of rows by a column; what is missing comes last
  const compare = (column, down) => {
    const sign = down ? -1 : 1;
    return (a, b) => {
      const x = column.value(a), y = column.value(b);
      const missing = Number.isNaN(x) - Number.isNaN(y);
      return missing || (Number.isNaN(x) ? 0 : sign * (x - y)) || a - b;
    };
  };
  // words, or comparisons such as  yield>2 bets>=500 strategy=value  in the units of the column headings
  const plain = text => text.toLowerCase().replace(/[\s_,%]+/g, "");
  const tests = (text, columns) => text.trim().split(/\s+/).filter(Boolean).map(word => {
    const match = word.match(/^([^<>=!]+)(<=|>=|!=|<|>|=)(.+)$/);
    if (!match) return row => columns.some(column => column.text(row).toLowerCase().includes(word.toLowerCase()));
    const [, name, sign, wanted] = match;
    const column = columns.find(entry => [entry.key, entry.head].some(label => plain(label) === plain(name))) ||
      columns.find(entry => plain(entry.head).startsWith(plain(name)) || plain(entry.key).endsWith(plain(name)));
    if (!column) return () => false;
    const value = column.read ? column.read(wanted) : Number(wanted.replace("\u2212", "-"));
    if (column.words || Number.isNaN(value)) {
      const same = row => plain(column.text(row)) === plain(wanted);
      return sign === "=" ? same : sign === "!=" ? row => !same(row) : () => false;
    }
    return {
      "<": row => column.value(row) < value, ">": row => column.value(row) > value, "<=": row => column.value(row) <= value,
      ">=": row => column.value(row) >= value, "=": row => column.value(row) === value, "!=": row => column.value(row) !== value,
    }[sign];
  });
  const make = (name, css, text) => {
    const cell = document.createElement(name);
    if (css) cell.className = css;
    cell.textContent = text;
    return cell;
  };
  // columns of text, of whole parts of one (NaN: no value), and the days of a configuration
  const coded = column => ({ ...column, data: decode(column.data, column.type) });
  const whole = column => {
    const least = { i2: -(2 ** 15), i4: -(2 ** 31) }[column.type];
    return Float64Array.from(decode(column.data, column.type), value => value === least ? NaN : value / column.parts);
  };
  const each = (columns, change) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, change(column)]));
  const days = raw => ({ ...raw, place: whole(raw.place), pnl: whole(raw.pnl), bands: raw.bands.map(whole) });
  const sheet = raw => ({ ...raw, words: each(raw.words, coded), numbers: each(raw.numbers, whole), days: raw.days && days(raw.days) });
  const data = {
    ...raw,
    config: decode(raw.config, "i4"),
    alike: decode(raw.alike, "i4"),
    parameters: raw.parameters.map(coded),
    flags: raw.flags.map(coded),
    measures: raw.measures.map(coded),
    sheets: raw.sheets.map(sheet),
    compare,
    tests,
    make,
    number,
    // the value in the unit of the column heading, which filters compare: per cent, money in whole units
    scaled,
    // the same as text, without and with the unit
    shown: (measure, value) => number(scaled(measure, value), digitsOf(measure, value, measure.digits)),
    text: (measure, value, digits = measure.digits) => number(scaled(measure, value), digitsOf(measure, value, digits)) + (measure.form === "percent" && Number.isFinite(value) ? "%" : ""),
  };
  data.rowOf = new Map(Array.from(data.config, (config, row) => [config, row]));
  return data;
})();
