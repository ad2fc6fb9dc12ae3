/**
 * The button between light and dark.
 * @module
 */
const NAME = "medrag.theme";

/** Make `button` (aria-pressed: dark) switch the theme, and remember it. */
export function themeToggle(button) {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(NAME, root.dataset.theme);
    } catch {
      // Storage is closed: the choice lasts until the page is left.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
