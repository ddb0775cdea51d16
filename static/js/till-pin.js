/* The member's PIN: typed on keys or the pad, masked, proved by a post of its own; then the payment is sent with it. */

import { focusBox, headers, inSale, onDrawn, sale, setOnline } from "./till-area.js";
import { pay } from "./till-pay.js";

const LENGTH = 6;
const inputs = (dialog) => [...dialog.querySelectorAll("[data-pin-input]")];

onDrawn(() => {
  const dialog = inSale("#pin-dialog");
  if (!dialog) return;
  dialog.addEventListener("close", focusBox);
  dialog.showModal();
  inputs(dialog)[0]?.focus();
});

sale.addEventListener("input", (event) => {
  if (!event.target.matches("[data-pin-input]")) return;
  event.target.value = event.target.value.normalize("NFKC").replace(/[^0-9]/g, "").slice(0, LENGTH);
  goOn(event.target);
});

sale.addEventListener("click", (event) => {
  const key = event.target.closest("[data-pin-key]");
  if (!key) return;
  const all = inputs(key.closest("dialog"));
  const input = all.find((one) => one.value.length < LENGTH) ?? all.at(-1);
  if (key.dataset.pinKey === "erase") {
    const last = all.findLast((one) => one.value) ?? input;
    last.value = last.value.slice(0, -1);
    last.focus();
    return;
  }
  input.value = (input.value + key.dataset.pinKey).slice(0, LENGTH);
  input.focus();
  goOn(input);
});

sale.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-pin-form]")) return;
  event.preventDefault();
  prove(event.target);
});

/** Six digits are enough: on to the next field, or off they go. */
function goOn(input) {
  if (input.value.length < LENGTH) return;
  const next = inputs(input.closest("dialog")).find((one) => one.value.length < LENGTH);
  if (next) next.focus();
  else prove(input.form);
}

let proving = false;

async function prove(form) {
  if (proving) return;
  proving = true;
  const dialog = form.closest("dialog");
  say(dialog, "");
  try {
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: headers() });
    const answer = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : {};
    setOnline(true);
    if (response.ok && answer.proof) send(dialog, answer.proof);
    else refuse(dialog, answer.message ?? document.body.dataset.textFailed);
  } catch {
    setOnline(false);
    refuse(dialog, document.body.dataset.textOffline);
  } finally {
    proving = false;
  }
}

function send(dialog, proof) {
  const form = document.getElementById("pay");
  form.elements.pin_proof.value = proof;
  dialog.close();
  pay(form);
}

function refuse(dialog, message) {
  inputs(dialog).forEach((input) => { input.value = ""; });
  inputs(dialog)[0]?.focus();
  say(dialog, message);
}

function say(dialog, message) {
  const place = dialog.querySelector("[data-pin-message]");
  place.hidden = !message;
  place.querySelector("[data-pin-text]").textContent = message;
}
