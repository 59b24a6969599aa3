// Runs before the first paint so that a dark page never flashes white. A file of its own because the
// Content-Security-Policy forbids inline scripts.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("quotah.theme") || "system";
  } catch {
    // Storage may be blocked; the system's preference then decides.
  }
  const dark =
    choice === "dark" ||
    (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
