/* Pages beside the sale: Esc leads back, F10 to the page beside it, digits choose, Ctrl+Enter sends the form. */

import { cents } from "./tenders.js";

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.code === "Escape" && !document.querySelector("dialog[open]")) {
    const back = document.querySelector("[data-escape]");
    if (back) location.assign(back.href);
  } else if (event.code === "F10" && !event.ctrlKey && !event.altKey) {
    const other = document.querySelector("[data-other]");
    if (other) {
      event.preventDefault();
      location.assign(other.href);
    }
  } else if ((event.code === "Enter" || event.code === "NumpadEnter") && event.ctrlKey) {
    event.target.form?.requestSubmit();
  } else if (/^[0-9]$/.test(event.key) && !event.target.matches("input:not([type=radio]), textarea, select")) {
    const picks = [...document.querySelectorAll("[data-choices] .pick, .recharge-plan")];
    picks.find((one) => one.querySelector("kbd")?.textContent === event.key)?.click();
  }
});

/* A typed amount is a free one; a chosen plan needs none. */
const amount = document.querySelector("input[name=amount]");
amount?.addEventListener("input", () => {
  const free = document.querySelector("input[name=plan][value='']");
  if (free && amount.value) free.checked = true;
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("input[name=plan]") || !amount) return;
  if (event.target.value) amount.value = "";
  else amount.focus();
});

/* What goes back of the cash that was handed over. */
const change = document.querySelector("[data-change-of]");
const received = document.querySelector("input[name=received]");
function showChange() {
  const plan = document.querySelector("input[name=plan]:checked");
  const due = cents(plan?.dataset.amount ?? amount?.value ?? "") ?? 0;
  const given = cents(received.value) ?? 0;
  const back = given - due;
  change.textContent = due && back > 0
    ? `${change.dataset.text} ${change.dataset.symbol}${Math.trunc(back / 100).toLocaleString("en")}.${String(back % 100).padStart(2, "0")}`
    : "";
}
if (change && received) {
  for (const kind of ["input", "change"]) received.form.addEventListener(kind, showChange);
}
