/* The sale in the making: the box, lines, forms of the sale area and ways of paying. */

import {
  SCREEN, box, boxForm, currentRow, enqueue, focusBox, inSale, openDialog, sale, send,
} from "./till-area.js";
import { pay } from "./till-pay.js";
import { fillTender, showRest } from "./tenders.js";

/* The box --------------------------------------------------------------------------------------------------------- */

export function scan(text) {
  if (!text.trim()) return;
  const wasDone = Boolean(inSale("[data-done]"));
  enqueue(async () => {
    const response = await send(boxForm.action, { text, current: currentRow()?.dataset.line ?? "" }).catch((error) => {
      // Sent again by hand only: an answer that was lost may have added the goods already.
      box.value = box.value || text;
      throw error;
    });
    if (response.ok && wasDone) history.replaceState(null, "", SCREEN);
    if (response.status === 422 && !box.value) {
      box.value = text;
      box.select();
    }
  });
}

boxForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = box.value;
  box.value = "";
  if (text.trim()) scan(text);
  else if (inSale("[data-done]")) nextCustomer();
});

box.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text");
  if (!/\n\s*\S/.test(text)) return;
  event.preventDefault();
  scan(text);
});

export function nextCustomer() {
  enqueue(async () => {
    await send(SCREEN);
    history.replaceState(null, "", SCREEN);
  });
}

/* Forms and lines of the sale area -------------------------------------------------------------------------------- */

sale.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id === "pay") {
    event.preventDefault();
    pay(form);
    return;
  }
  if (!("sale" in form.dataset)) return;
  event.preventDefault();
  const data = Object.fromEntries(new FormData(form, event.submitter));
  data.current ??= currentRow()?.dataset.line ?? "";
  const stays = form.closest("dialog[data-stays]")?.id;
  if (!stays) openDialog()?.close();
  const place = stays ? [...form.closest("ol").children].indexOf(form.closest("li")) : 0;
  enqueue(async () => {
    const response = await send(form.action, data);
    if (stays && response.ok) reopen(stays, place);
  });
});

/** Ticking goes on in a list that the server drew anew; a refusal is read in the sale instead. */
function reopen(id, place) {
  const dialog = document.getElementById(id);
  if (!dialog || openDialog()) return;
  dialog.showModal();
  const picks = dialog.querySelectorAll(".pick:not(.is-off)");
  picks[Math.min(place, picks.length - 1)]?.focus();
}

sale.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-line]");
  if (row && !event.target.closest("button")) setCurrent(row);
  const button = event.target.closest("[data-tender-button]");
  if (button) toggleTender(button.closest("[data-tender]"));
  const cash = event.target.closest("[data-cash]");
  if (cash) setCash(cash.dataset.cash);
  if (event.target.closest("[data-to-box]")) {
    openDialog()?.close();
    focusBox();
    box.select();
  }
  if (event.target.closest("[data-next]")) {
    event.preventDefault();
    nextCustomer();
  }
});

sale.addEventListener("input", (event) => {
  if (event.target.matches(".tender-amount")) showRest(event.target.form);
});

export function setCurrent(row) {
  const before = currentRow();
  before?.classList.remove("is-current");
  before?.removeAttribute("aria-current");
  row.classList.add("is-current");
  row.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
}

export function moveLine(step) {
  const rows = [...sale.querySelectorAll("tr[data-line]")];
  const row = rows[rows.indexOf(currentRow()) + step];
  if (row) setCurrent(row);
}

export function removeLine() {
  currentRow()?.querySelector("form[data-sale=remove]")?.requestSubmit();
}

export function submitForm(name) {
  inSale(`form[data-sale="${name}"]`)?.requestSubmit();
}

export function holdOrResume() {
  if (Number(inSale("[data-state]")?.dataset.lines)) submitForm("hold");
  else enqueue(() => send(document.querySelector("[data-held-link]").href));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-held-link]");
  if (!link) return;
  event.preventDefault();
  enqueue(() => send(link.href));
});

/* Tenders --------------------------------------------------------------------------------------------------------- */

export function toggleTender(tender) {
  if (!tender) return;
  const input = fillTender(document.getElementById("pay"), tender);
  if (!input) return;
  if (input.name === "cash" && input.value) {
    input.focus();
    input.select();
  } else {
    focusBox();
  }
}

function setCash(amount) {
  const form = document.getElementById("pay");
  form.elements.cash.value = amount;
  showRest(form);
  focusBox();
}
