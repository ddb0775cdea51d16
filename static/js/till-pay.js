/* Paying: one command, kept until the server has answered it. */

import { SCREEN, box, enqueue, focusBox, headers, inSale, main, send, setOnline, swap, toast } from "./till-area.js";

const PENDING = "till-pending";
let paying = false;

/** A payment that the server has not answered yet. */
export const isPending = () => sessionStorage.getItem(PENDING) !== null;

export function pay(form) {
  if (paying || !form || form.querySelector("[data-pay]").disabled) return;
  const body = new URLSearchParams(new FormData(form)).toString();
  sessionStorage.setItem(PENDING, JSON.stringify({ url: form.action, body }));
  settle();
}

export function settle() {
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
