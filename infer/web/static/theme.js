// Light or dark: as the system has it, until the switch says otherwise. Not a module, so that no page flashes.
"use strict";

(() => {
  const KEY = "theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden
    }
  };

  let chosen = stored();
  const current = () => chosen ?? (dark.matches ? "dark" : "light");

  const apply = () => {
    document.documentElement.dataset.bsTheme = current();
    document.getElementById("theme")?.setAttribute("aria-pressed", String(current() === "dark"));
  };

  const choose = () => {
    chosen = current() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // then it holds for this page only
    }
    apply();
  };

  apply();
  dark.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", choose);
  });
})();
