// Sets light or dark before the first paint, from the person's choice or else the system's.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("trunkline_scheme");
  } catch (_) {
    // Storage may be switched off; the system's choice is used.
  }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
