"use strict";
// Theme, tooltips, copy buttons, printing, and the picker of the configuration whose charts are shown.
(() => {
  const root = document.documentElement, KEY = "bea-theme";
  const button = document.getElementById("theme");
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", dark() ? "Switch to the light theme" : "Switch to the dark theme");
  };
  try { const stored = localStorage.getItem(KEY); if (stored === "dark" || stored === "light") root.dataset.theme = stored; } catch { /* no storage: the theme is not remembered */ }
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem(KEY, root.dataset.theme); } catch { /* no storage: the theme is not remembered */ }
    label();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  label();

  const tip = document.getElementById("tip");
  const show = event => {
    const mark = event.target.closest ? event.target.closest("[data-tip]") : null;
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("data-tip");
    const wide = tip.offsetWidth, high = tip.offsetHeight;
    tip.style.left = Math.max(6, Math.min(event.clientX + 14, innerWidth - wide - 6)) + "px";
    tip.style.top = (event.clientY + 18 + high > innerHeight ? event.clientY - high - 10 : event.clientY + 18) + "px";
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true, capture: true });

  for (const copy of document.querySelectorAll("button[data-copy]")) {
    copy.addEventListener("click", async () => {
      const code = document.getElementById(copy.dataset.copy);
      try { await navigator.clipboard.writeText(code.textContent); copy.textContent = "Copied"; }
      catch { getSelection().selectAllChildren(code); copy.textContent = "Selected"; }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
  }

  const sheets = [...document.querySelectorAll(".sheet")], picker = document.getElementById("sheet");
  if (picker) picker.addEventListener("change", () => { for (const sheet of sheets) sheet.hidden = sheet.dataset.config !== picker.value; });
  addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details")) fold.open = true; });
})();
