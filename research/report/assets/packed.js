"use strict";
// The packed data of the page: typed arrays, texts of values, and numbers as text.
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
  const data = {
    ...raw,
    config: decode(raw.config, "i4"),
    alike: decode(raw.alike, "i4"),
    parameters: raw.parameters.map(column => ({ ...column, data: decode(column.data, column.type) })),
    flags: raw.flags.map(column => ({ ...column, data: decode(column.data, column.type) })),
    measures: raw.measures.map(column => ({ ...column, data: decode(column.data, column.type) })),
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
