"use strict";
// The packed data of the page: typed arrays, texts of values, and numbers as the reader sees them.
const bea = (() => {
  const holder = document.getElementById("results");
  if (!holder) return null;
  const raw = JSON.parse(holder.textContent);
  const types = { i2: Int16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
  const decode = (text, type) => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    return new types[type](bytes.buffer);
  };
  const grouped = text => text.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  const number = (value, digits) => {
    if (!Number.isFinite(value)) return "–";
    const [whole, part] = Math.abs(value).toFixed(digits).split(".");
    const text = grouped(whole) + (part ? "." + part : "");
    return (value < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
  };
  const scaled = (measure, value) => measure.form === "percent" ? value * 100 : measure.form === "money" ? value / 100 : value;
  const data = {
    ...raw,
    config: decode(raw.config, "i4"),
    parameters: raw.parameters.map(one => ({ ...one, data: decode(one.data, one.type) })),
    flags: raw.flags.map(one => ({ ...one, data: decode(one.data, one.type) })),
    measures: raw.measures.map(one => ({ ...one, data: decode(one.data, one.type) })),
    number,
    // what a filter compares and a reader sees: per cent, whole money
    scaled,
    shown: (measure, value) => number(scaled(measure, value), measure.form === "percent" ? measure.digits : 0),
  };
  data.rowOf = new Map(Array.from(data.config, (config, row) => [config, row]));
  return data;
})();
