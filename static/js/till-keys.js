/* Keys, by event.code: an input method or another layout changes nothing. */

import { box, enqueue, focusBox, inSale, list, openDialog, sale, send } from "./till-area.js";
import { pay } from "./till-pay.js";
import { holdOrResume, moveLine, removeLine, scan, submitForm, toggleTender } from "./till-sale.js";
import { showRest, tenderByNumber } from "./tenders.js";

const FUNCTION_KEYS = {
  F2: () => { openDialog()?.close(); box.focus(); box.select(); },
  F3: usePass,
  F4: holdOrResume,
  F6: () => location.assign(document.querySelector("[data-recharge]").href),
  F7: () => submitForm("points"),
  F8: () => showDialog("coupons-dialog"),
  F9: () => showDialog("member-dialog"),
  F10: () => location.assign(document.querySelector("[data-sell-pass]").href),
};

/** One key: first the pass pays the line it covers, then the member's word is ticked. */
function usePass() {
  const tick = inSale("[data-agree]");
  if (inSale("form[data-sale=pass]")) submitForm("pass");
  else if (tick) tick.checked = !tick.checked;
}

function showDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || openDialog()) return;
  dialog.showModal();
  dialog.querySelector(".pick:not(.is-off)")?.focus();
}

document.addEventListener("keydown", (event) => {
  // The member types the PIN: no key of it may reach the box, and none of them is a command.
  if (openDialog()?.id === "pin-dialog") return;
  if (event.isComposing || event.keyCode === 229) return;
  if (scanner(event) || isCommand(event) || isMovement(event)) event.preventDefault();
});

/** Commands work wherever the focus is. */
function isCommand(event) {
  if (event.code in FUNCTION_KEYS && !event.ctrlKey && !event.altKey) {
    FUNCTION_KEYS[event.code]();
    return true;
  }
  const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code);
  if (digit && event.altKey && !event.ctrlKey) {
    const pay = document.getElementById("pay");
    if (pay) toggleTender(tenderByNumber(pay, digit[1]));
    return true;
  }
  const enter = event.code === "Enter" || event.code === "NumpadEnter";
  if (event.code === "NumpadAdd" || (enter && event.ctrlKey)) {
    if (inSale("[data-accept]")) submitForm("accept");
    else pay(document.getElementById("pay"));
    return true;
  }
  if (event.code === "KeyP" && event.ctrlKey && inSale("[data-print]")) {
    location.assign(inSale("[data-print]").href);
    return true;
  }
  // A scanner ends with Enter, so plain Enter never pays.
  if (enter && event.target.matches(".tender-amount, [data-pay], [data-accept]")) {
    focusBox();
    return true;
  }
  return false;
}

function isMovement(event) {
  const choices = list();
  if (event.code === "ArrowDown" || event.code === "ArrowUp") {
    const step = event.code === "ArrowDown" ? 1 : -1;
    if (choices) {
      moveChoice(choices, step);
      return true;
    }
    if (event.target === box || event.target === document.body || sale.contains(event.target)) {
      moveLine(step);
      return true;
    }
  }
  if (event.code === "Delete" && !box.value && (event.target === box || event.target === document.body)) {
    removeLine();
    return true;
  }
  if (event.code === "Escape") return goBack();
  if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) {
    if (choices) return chooseByDigit(choices, event.key);
    // Whatever is typed outside a field belongs into the box; the key itself follows the focus.
    if (!event.target.matches("input, textarea, select")) box.focus();
  }
  return false;
}

function moveChoice(choices, step) {
  const buttons = [...choices.querySelectorAll(".pick:not(.is-off)")];
  const next = buttons.indexOf(document.activeElement) + step;
  buttons[Math.max(0, Math.min(buttons.length - 1, next))]?.focus();
}

let digitTimer;

/** Waits a moment before it acts: the digits of a scanner come faster than any hand. */
function chooseByDigit(choices, key) {
  if (!/^[0-9]$/.test(key)) return false;
  const button = [...choices.querySelectorAll(".pick:not(.is-off)")].find(
    (one) => one.querySelector("kbd")?.textContent === key,
  );
  clearTimeout(digitTimer);
  if (button) digitTimer = setTimeout(() => button.click(), 2 * FAST);
  return true;
}

function goBack() {
  if (openDialog()) return false;
  const picks = inSale("[data-picks]");
  if (picks) picks.remove();
  else if (document.activeElement === box && box.value) box.value = "";
  else inSale("[data-notice]")?.remove();
  box.focus();
  return true;
}

/* A scanner is a keyboard that types faster than a hand: its code is taken wherever the focus is ------------------- */

const FAST = 50;
const SHORTEST = 6;
const stream = { text: "", at: 0, field: null, before: "" };

function scanner(event) {
  if (event.target === box) return false;
  const gap = event.timeStamp - stream.at;
  stream.at = event.timeStamp;
  if (event.key === "Enter" && stream.text.length >= SHORTEST && gap < FAST) {
    clearTimeout(digitTimer);
    if (stream.field) {
      stream.field.value = stream.before;
      if (stream.field.form?.id === "pay") showRest(stream.field.form);
    }
    const text = stream.text;
    stream.text = "";
    openDialog()?.close();
    inSale("[data-picks]")?.remove();
    scan(text);
    focusBox();
    return true;
  }
  if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) {
    stream.text = "";
    return false;
  }
  if (gap > FAST || !stream.text) {
    stream.text = "";
    stream.field = event.target.matches("input, textarea") ? event.target : null;
    stream.before = stream.field?.value ?? "";
  } else {
    clearTimeout(digitTimer);
  }
  stream.text += event.key;
  return false;
}
