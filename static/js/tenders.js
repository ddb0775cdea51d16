/* What the customer pays with: exact sums in the smallest unit, the rest that is due, and the change. */

/** Fen of "1,234.5", or null where that is no amount; no floating point is involved. */
export function cents(text) {
  const plain = text.normalize("NFKC").replace(/[,\s¥￥]/g, "");
  const found = /^(\d{0,9})(?:\.(\d{0,2}))?$/.exec(plain);
  if (!found || plain === "" || plain === ".") return plain === "" ? 0 : null;
  return Number(found[1] || "0") * 100 + Number((found[2] ?? "").padEnd(2, "0"));
}

function amountOf(fen) {
  return `${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
}

function shown(form, fen) {
  return `${form.dataset.symbol}${Math.trunc(fen / 100).toLocaleString("en")}.${String(fen % 100).padStart(2, "0")}`;
}

function inputs(form) {
  return [...form.querySelectorAll(".tender-amount:not(:disabled)")];
}

function sum(list) {
  return list.reduce((total, input) => total + (cents(input.value) ?? 0), 0);
}

export function tenderByNumber(form, number) {
  return form.querySelector(`[data-tender][data-number="${number}"]`);
}

/**
 * Toggles a way of paying: filled with what is still due (stored value with at most what the member has), emptied if
 * it was filled. Where nothing is due any more it takes the place of the others. Returns its input.
 */
export function fillTender(form, tender) {
  const input = tender.querySelector(".tender-amount");
  if (!input || input.disabled || input.closest("fieldset").disabled) return null;
  const due = cents(form.dataset.payable);
  const others = inputs(form).filter((one) => one !== input);
  if (input.value) {
    input.value = "";
  } else {
    let rest = due - sum(others);
    if (rest <= 0) {
      others.forEach((one) => { one.value = ""; });
      rest = due;
    }
    const most = tender.dataset.most === undefined ? rest : cents(tender.dataset.most);
    const amount = Math.min(rest, most);
    input.value = amount > 0 ? amountOf(amount) : "";
  }
  showRest(form);
  return input;
}

/** Marks the chosen ways of paying and says what is still due or what goes back. */
export function showRest(form) {
  const due = cents(form.dataset.payable);
  let paid = 0;
  for (const input of inputs(form)) {
    const fen = cents(input.value);
    input.setAttribute("aria-invalid", fen === null ? "true" : "false");
    input.closest("[data-tender]").classList.toggle("is-on", input.value.trim() !== "");
    paid += fen ?? 0;
  }
  offerCash(form, due);
  splitWallet(form);
  const rest = document.querySelector("[data-rest]");
  if (!rest) return;
  rest.classList.toggle("is-change", paid > due);
  if (paid === 0 || paid === due) rest.textContent = "";
  else if (paid < due) rest.textContent = `${rest.dataset.textRest} ${shown(form, due - paid)}`;
  else rest.textContent = `${rest.dataset.textChange} ${shown(form, paid - due)}`;
}

/** Round sums that a customer is likely to hand over for what is due in cash, as buttons. */
function offerCash(form, due) {
  const place = form.querySelector("[data-cash-steps]");
  const cash = form.elements.cash;
  if (!place || !cash || cash.disabled) return;
  const rest = due - sum(inputs(form).filter((input) => input !== cash));
  const steps = [1000, 2000, 5000, 10000].map((note) => Math.ceil(rest / note) * note);
  const offered = rest > 0 ? [...new Set(steps)].filter((fen) => fen > rest).sort((one, other) => one - other) : [];
  place.replaceChildren(...offered.slice(0, 4).map((fen) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    button.dataset.cash = amountOf(fen);
    button.textContent = `${form.dataset.symbol}${fen / 100}`;
    return button;
  }));
}

let splitTimer = 0;

/** Says how much of a payment from stored value is principal and how much bonus, as the server reckons it. */
function splitWallet(form) {
  const place = form.querySelector("[data-wallet-split]");
  const input = form.elements.wallet;
  if (!place || !input) return;
  const asked = input.disabled || !cents(input.value) ? "" : amountOf(cents(input.value));
  if (place.dataset.asked === asked) return;
  place.dataset.asked = asked;
  place.textContent = "";
  clearTimeout(splitTimer);
  if (!asked) return;
  splitTimer = setTimeout(async () => {
    try {
      const url = `${place.dataset.walletSplit}?${new URLSearchParams({ amount: asked })}`;
      const response = await fetch(url, { headers: { "HX-Request": "true" } });
      const text = response.ok && !response.redirected ? (await response.text()).trim() : "";
      if (place.dataset.asked === asked) place.textContent = text;
    } catch {
      place.textContent = "";
    }
  }, 150);
}
