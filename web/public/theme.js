// Runs before the first paint, so that the page never flashes in the wrong theme. What it reads is
// written by src/settings.ts.
(() => {
  const theme = localStorage.getItem("lictor.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const language = localStorage.getItem("lictor.language");
  if (language) document.documentElement.lang = language;
})();
