// Texts whose contrast with their background is below a limit.
const limit = arguments[0];
const parse = text => {
  const found = text.match(/[-\d.eE]+/g).map(Number);
  const scale = text.startsWith("color(") ? 255 : 1;
  return [found[0] * scale, found[1] * scale, found[2] * scale, found.length > 3 ? found[3] : 1];
};
const over = (top, under) => {
  const share = top[3] + under[3] * (1 - top[3]);
  if (!share) return [0, 0, 0, 0];
  return [0, 1, 2].map(k => (top[k] * top[3] + under[k] * under[3] * (1 - top[3])) / share).concat(share);
};
const light = colour => {
  const [r, g, b] = colour.slice(0, 3).map(value => { const x = value / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  // the value of a cell in a drawing follows its cell
  const cell = element.previousElementSibling;
  const drawn = element instanceof SVGElement && cell && cell.classList.contains("cell") && /\bk\d/.test(element.getAttribute("class"));
  let colour = drawn ? parse(getComputedStyle(cell).fill) : [0, 0, 0, 0];
  for (let at = element; at; at = at.parentElement) {
    colour = over(colour, parse(getComputedStyle(at).backgroundColor));
    if (colour[3] > 0.999) break;
  }
  return colour;
};
const bad = [];
let seen = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) continue;
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height || getComputedStyle(element).visibility === "hidden") continue;
  const style = getComputedStyle(element);
  const back = behind(element), front = over(parse(element instanceof SVGElement ? style.fill : style.color), back);
  const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
  seen++;
  if ((high + 0.05) / (low + 0.05) < limit) bad.push([walker.currentNode.data.trim().slice(0, 40), ((high + 0.05) / (low + 0.05)).toFixed(2), style.color]);
}
return [seen, bad];
