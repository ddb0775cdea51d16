/* The sale area: what the server draws, the queue of posts, the notices. Everything else of the till builds on this. */

import { showRest } from "./tenders.js";

export const main = document.querySelector("[data-till]");
export const sale = document.getElementById("sale");
export const box = document.getElementById("box");
export const boxForm = document.getElementById("box-form");
export const SCREEN = "/checkout/";

export const toast = (message, level = "info") =>
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { message, level } }));
export const inSale = (selector) => sale.querySelector(selector);
export const currentRow = () => inSale("tr.is-current");
export const openDialog = () => document.querySelector("dialog[open]");
export const list = () => openDialog()?.querySelector("[data-choices]") ?? inSale("[data-picks]");

const drawn = [];

/** Calls ``work`` after every drawing of the sale area. */
export function onDrawn(work) {
  drawn.push(work);
}

/* Posts go out one after the other, so that fast scans arrive in their order -------------------------------------- */

let tail = Promise.resolve();

export function enqueue(job) {
  tail = tail.then(job).catch(() => setOnline(false));
  return tail;
}

export function headers() {
  return { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) };
}

export async function send(url, data, options = {}) {
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

export function setOnline(online) {
  const chip = document.querySelector("[data-online]");
  chip.classList.toggle("is-off", !online);
  const words = chip.querySelector("[data-online-text]");
  words.textContent = online ? words.dataset.on : words.dataset.off;
  if (!online) toast(document.body.dataset.textOffline, "danger");
}

export function swap(html) {
  const held = document.activeElement;
  const wasInside = sale.contains(held) || held === document.body;
  sale.innerHTML = html;
  arrange();
  if (wasInside) focusBox();
}

/** After every drawing: counters, the highlighted line in view, the list to choose from focused. */
export function arrange() {
  const state = inSale("[data-state]");
  document.querySelector("[data-held-count]").textContent = state?.dataset.held ?? "0";
  currentRow()?.scrollIntoView({ block: "nearest" });
  const pick = inSale("[data-picks] .pick:not(.is-off)");
  if (pick) pick.focus();
  const pay = document.getElementById("pay");
  if (pay) showRest(pay);
  if (state && "done" in state.dataset) box.value = "";
  drawn.forEach((work) => work());
}

export function focusBox() {
  if (inSale("[data-picks] .pick:not(.is-off)")) return;
  box.focus();
}
