/* The frame's behaviour: menus, theme, toasts, dialogs, and two guards for forms. Pages work without it. */

const body = document.body;

/* Toasts ----------------------------------------------------------------------------------------------------- */

const LINGER = 6000;

function armToast(toast) {
  const serious = toast.matches(".toast-danger, .toast-error, .toast-warning");
  if (!serious) setTimeout(() => toast.remove(), LINGER);
}

/** Shows a message; other modules import this, the server sends it as the HX-Trigger event "toast". */
export function toast(text, level = "info") {
  const box = document.createElement("div");
  box.className = `toast toast-${level}`;
  const words = document.createElement("p");
  words.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  button.dataset.dismiss = "";
  button.setAttribute("aria-label", body.dataset.textDismiss);
  button.textContent = "×";
  box.append(words, button);
  document.getElementById("toasts").append(box);
  armToast(box);
}

document.querySelectorAll("#toasts .toast").forEach(armToast);
body.addEventListener("toast", (event) => toast(event.detail.message ?? event.detail.value, event.detail.level));
body.addEventListener("htmx:sendError", () => toast(body.dataset.textOffline, "danger"));
body.addEventListener("htmx:timeout", () => toast(body.dataset.textOffline, "danger"));
body.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) return;
  toast(status === 403 ? body.dataset.textForbidden : body.dataset.textFailed, "danger");
});

/* Theme: a cookie, so that the server renders the right one and nothing flashes ------------------------------- */

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
}

/* Navigation: an overlay on a tablet, foldable on a desktop ---------------------------------------------------- */

const narrow = matchMedia("(max-width: 1100px)");

function toggleNavigation() {
  body.classList.toggle(narrow.matches ? "nav-open" : "nav-closed");
}

document.addEventListener("click", (event) => {
  const target = event.target;
  if (target.closest("[data-dismiss]")) target.closest(".toast")?.remove();
  if (target.closest("[data-theme-switch]")) switchTheme();
  if (target.closest("[data-nav-toggle]")) toggleNavigation();
  else if (!target.closest(".sidenav")) body.classList.remove("nav-open");

  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }

  const opener = target.closest("[data-dialog]");
  if (opener) document.querySelector(opener.dataset.dialog)?.showModal();
  if (target.closest("[data-dialog-close]")) target.closest("dialog")?.close();

  if (target.closest("[data-back]")) history.back();

  const person = target.closest("[data-username]");
  if (person) {
    const form = person.closest("form");
    form.elements.username.value = person.dataset.username;
    form.elements.password.value = person.dataset.password;
    form.requestSubmit();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  body.classList.remove("nav-open");
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

/* Filters apply themselves when a select changes -------------------------------------------------------------- */

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto-submit]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=date]")) form.requestSubmit();
});

/* A form is sent once; leaving a changed one asks ------------------------------------------------------------- */

const changed = new Set();
const sent = new WeakSet();

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guard]");
  if (form) changed.add(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[data-repeat], [hx-post], [data-hx-post]")) {
    changed.delete(form);
    return;
  }
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented) return;
  sent.add(form);
  changed.clear();
  form.setAttribute("aria-busy", "true");
  /* Disabled one tick later: a disabled button would not send its own name and value. */
  setTimeout(() => form.querySelectorAll("button:not([type=button])").forEach((button) => { button.disabled = true; }));
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[aria-busy]")) {
    sent.delete(form);
    form.removeAttribute("aria-busy");
    form.querySelectorAll("button:disabled").forEach((button) => { button.disabled = false; });
  }
});

addEventListener("beforeunload", (event) => {
  for (const form of changed) {
    if (form.isConnected) {
      event.preventDefault();
      return;
    }
  }
});

/* The first wrong field of an answered form gets the focus ----------------------------------------------------- */

document.querySelector("[aria-invalid=true]")?.focus();

// A part of a form that matters only for some choices: data-when="who=tag" or "lots=ending,given". Without this script
// everything is shown, and the server ignores what does not matter.
function showWhatMatters(form) {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, values] = part.dataset.when.split("=");
    const chosen = new FormData(form).get(name) ?? "";
    part.hidden = !values.split(",").includes(chosen);
  }
}
for (const form of document.forms) showWhatMatters(form);
document.addEventListener("change", (event) => {
  if (event.target.form) showWhatMatters(event.target.form);
});
