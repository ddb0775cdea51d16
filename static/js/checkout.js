/* The till: keys, scanner, the queue of posts and the payment that is sent once. The server draws the sale area. */

import { fillTender, showRest, tenderByNumber } from "./tenders.js";

const main = document.querySelector("[data-till]");
const sale = document.getElementById("sale");
const box = document.getElementById("box");
const boxForm = document.getElementById("box-form");
const SCREEN = "/checkout/";
const PENDING = "till-pending";

const toast = (message, level = "info") =>
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { message, level } }));
const inSale = (selector) => sale.querySelector(selector);
const currentRow = () => inSale("tr.is-current");
const openDialog = () => document.querySelector("dialog[open]");
const list = () => openDialog()?.querySelector("[data-choices]") ?? inSale("[data-picks]");

/* Posts go out one after the other, so that fast scans arrive in their order -------------------------------------- */

let tail = Promise.resolve();

function enqueue(job) {
  tail = tail.then(job).catch(() => setOnline(false));
  return tail;
}

function headers() {
  return { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) };
}

async function send(url, data, options = {}) {
  const response = await fetch(url, {
    method: data ? "POST" : "GET",
    body: data ? new URLSearchParams(data) : undefined,
    headers: headers(),
    ...options,
  });
  setOnline(true);
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
    return response;
  }
  if (response.ok || response.status === 409 || response.status === 422) swap(await response.text());
  else toast(response.status === 403 ? document.body.dataset.textForbidden : document.body.dataset.textFailed, "danger");
  return response;
}

function setOnline(online) {
  const chip = document.querySelector("[data-online]");
  chip.classList.toggle("is-off", !online);
  const words = chip.querySelector("[data-online-text]");
  words.textContent = online ? words.dataset.on : words.dataset.off;
  if (!online) toast(document.body.dataset.textOffline, "danger");
}

function swap(html) {
  const held = document.activeElement;
  const wasInside = sale.contains(held) || held === document.body;
  sale.innerHTML = html;
  arrange();
  if (wasInside) focusBox();
}

/** After every drawing: counters, the highlighted line in view, the list to choose from focused. */
function arrange() {
  const state = inSale("[data-state]");
  document.querySelector("[data-held-count]").textContent = state?.dataset.held ?? "0";
  currentRow()?.scrollIntoView({ block: "nearest" });
  const pick = inSale("[data-picks] .pick:not(.is-off)");
  if (pick) pick.focus();
  const pay = document.getElementById("pay");
  if (pay) showRest(pay);
  if (state && "done" in state.dataset) box.value = "";
}

function focusBox() {
  if (inSale("[data-picks] .pick:not(.is-off)")) return;
  box.focus();
}

/* The box --------------------------------------------------------------------------------------------------------- */

function scan(text) {
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

function nextCustomer() {
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
  openDialog()?.close();
  enqueue(() => send(form.action, data));
});

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

function setCurrent(row) {
  const before = currentRow();
  before?.classList.remove("is-current");
  before?.removeAttribute("aria-current");
  row.classList.add("is-current");
  row.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
}

function moveLine(step) {
  const rows = [...sale.querySelectorAll("tr[data-line]")];
  const row = rows[rows.indexOf(currentRow()) + step];
  if (row) setCurrent(row);
}

function removeLine() {
  currentRow()?.querySelector("form[data-sale=remove]")?.requestSubmit();
}

function submitForm(name) {
  inSale(`form[data-sale="${name}"]`)?.requestSubmit();
}

function holdOrResume() {
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

function toggleTender(tender) {
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

/* Paying: one command, kept until the server has answered it ------------------------------------------------------ */

let paying = false;

function pay(form) {
  if (paying || !form || form.querySelector("[data-pay]").disabled) return;
  const body = new URLSearchParams(new FormData(form)).toString();
  sessionStorage.setItem(PENDING, JSON.stringify({ url: form.action, body }));
  settle();
}

function settle() {
  if (paying) return;
  paying = true;
  enqueue(async () => {
    try {
      await sendPending();
    } finally {
      paying = false;
    }
  });
}

async function sendPending() {
  const { url, body } = JSON.parse(sessionStorage.getItem(PENDING));
  for (let attempt = 0; ; attempt += 1) {
    showWaiting(attempt);
    const response = await attemptPayment(url, body);
    if (response) {
      sessionStorage.removeItem(PENDING);
      await finishPayment(response);
      return;
    }
    await new Promise((resume) => {
      const timer = setTimeout(resume, Math.min(1000 * (attempt + 1), 5000));
      addEventListener("online", () => { clearTimeout(timer); resume(); }, { once: true });
    });
  }
}

/** The answer, or nothing where the server did not give one: then the very same command is sent again. */
async function attemptPayment(url, body) {
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers(), "Content-Type": "application/x-www-form-urlencoded" },
      signal: AbortSignal.timeout(15000),
    });
    if (response.status >= 500) return null;
    return { response, text: await response.text() };
  } catch {
    return null;
  }
}

async function finishPayment({ response, text }) {
  setOnline(true);
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
  } else if (response.ok && response.redirected) {
    box.value = "";
    swap(text);
    history.pushState(null, "", response.url);
    focusBox();
  } else if (response.ok || response.status === 409 || response.status === 422) {
    swap(text);
  } else {
    toast(document.body.dataset.textFailed, "danger");
    await send(SCREEN);
  }
}

function showWaiting(attempt) {
  const button = inSale("[data-pay]");
  if (button) {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    button.textContent = attempt ? main.dataset.textAgain : main.dataset.textWaiting;
  }
  if (attempt !== 1) return;
  document.querySelector("[data-online]").classList.add("is-off");
  const alert = document.createElement("div");
  alert.className = "alert alert-danger sale-notice";
  alert.setAttribute("role", "alert");
  alert.textContent = main.dataset.textRetry;
  inSale("[data-state]")?.prepend(alert);
}

/* Keys, by event.code: an input method or another layout changes nothing ------------------------------------------ */

const FUNCTION_KEYS = {
  F2: () => { openDialog()?.close(); box.focus(); box.select(); },
  F4: holdOrResume,
  F6: () => location.assign(document.querySelector("[data-recharge]").href),
  F7: () => submitForm("points"),
  F8: () => showDialog("coupons-dialog"),
  F9: () => showDialog("member-dialog"),
};

function showDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || openDialog()) return;
  dialog.showModal();
  dialog.querySelector(".pick:not(.is-off)")?.focus();
}

document.addEventListener("keydown", (event) => {
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

/* Start ----------------------------------------------------------------------------------------------------------- */

addEventListener("popstate", () => location.reload());
addEventListener("offline", () => setOnline(false));
addEventListener("online", () => setOnline(true));

const clock = document.querySelector("[data-clock]");
const tick = () => {
  clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
};
tick();
setInterval(tick, 10000);

arrange();
if (sessionStorage.getItem(PENDING)) settle();
else focusBox();
document.documentElement.dataset.ready = "till";

