/* A receipt: prints itself when it was opened for that, and Enter leads to the next customer. */

const next = document.querySelector("[data-next]");

document.querySelector("[data-print-now]")?.addEventListener("click", () => print());
document.addEventListener("keydown", (event) => {
  if (event.code === "Enter" && event.target === document.body && next) location.assign(next.href);
});
if (location.hash === "#print") addEventListener("load", () => print());
