/* What every page does by itself: clocks and timers, theme, dialogs, short messages, and saying when something failed. */

const root = document.documentElement;

/* ---------- Time: the installation's, not this machine's ---------- */
const rendered = Number(root.dataset.now ?? 0) * 1000;
const ahead = rendered ? rendered - Date.now() : 0;
/** The installation's present instant, in milliseconds since 1970. */
export const now = () => Date.now() + ahead;

const wall = new Intl.DateTimeFormat("fr-FR", { hour: "2-digit", minute: "2-digit", timeZone: root.dataset.zone || undefined });

/** 0:42, 12:05, 1:02:03; never below zero. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (figure) => String(figure).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const instant = now();
  for (const clock of document.querySelectorAll("[data-clock]")) write(clock, wall.format(instant));
  for (const timer of document.querySelectorAll("[data-since]")) {
    const seconds = instant / 1000 - Number(timer.dataset.since);
    write(timer.querySelector("[data-tick]") ?? timer, duration(seconds));
    const late = timer.dataset.late && seconds >= Number(timer.dataset.late);
    const attn = !late && timer.dataset.attn && seconds >= Number(timer.dataset.attn);
    timer.classList.toggle("late", Boolean(late));
    timer.classList.toggle("attn", Boolean(attn));
  }
  for (const timer of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil(Number(timer.dataset.until) - instant / 1000);
    write(timer.querySelector("[data-tick]") ?? timer, duration(left));
    if ("stays" in timer.dataset) timer.classList.toggle("late", left <= 0);
  }
  // Again just after the second turns, so that all screens change together.
  setTimeout(tick, 1000 - (instant % 1000) + 5);
}
tick();

/* ---------- Theme: at once here, kept on the server for the next sign-in ---------- */
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const body = new URLSearchParams({ theme: root.dataset.theme, back: "/" });
  fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
});

/* ---------- Dialogs ---------- */
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) {
    const dialog = document.querySelector(opener.dataset.opens);
    if (dialog && !dialog.open) {
      dialog.dispatchEvent(new CustomEvent("frame:opens"));
      dialog.showModal();
    }
  }
  const closer = event.target.closest?.("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  event.target.closest?.("[data-dismiss]")?.closest(".toast")?.remove();
});

/* ---------- Short messages: read out, ten seconds, longer while pointed at ---------- */
/** Show a sentence in the page's place for short messages. */
export function say(sentence) {
  const place = document.querySelector("#notices");
  if (!place || !sentence) return;
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = sentence;
  place.replaceChildren(toast);
}

function fade(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) fade(toast);
    else toast.remove();
  }, 10_000);
}
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const added of change.addedNodes) if (added.nodeType === 1 && added.matches(".toast")) fade(added);
  }
}).observe(document.querySelector("#notices") ?? document.createElement("p"), { childList: true });

/* ---------- What is pressed in the instant after a swap: htmx takes it all the same ---------- */
// It binds what is new 20 ms later; followed by the browser itself meanwhile, the whole page, and a call in it, would go,
// and a figure typed then would count as the one that stood there.
/** Have htmx take this element as it stands; with a request under way it would forget that one. */
export function bind(element) {
  if (!element.classList.contains("htmx-request")) globalThis.htmx?.process(element);
}
const ASKS = "form:is([hx-post], [hx-get])";
for (const [kind, asked] of [["submit", ASKS], ["click", "a[hx-get]"]]) {
  document.addEventListener(kind, (event) => {
    const element = event.target.closest?.(asked);
    if (element) bind(element);
  }, { capture: true });
}
for (const kind of ["beforeinput", "keydown", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.(ASKS);
    if (form && !form["htmx-internal-data"]?.initHash) bind(form);
  }, { capture: true });
}

/* ---------- What htmx could not do is said; what is late keeps its size and says so after 300 ms ---------- */
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failure, (event) => {
    if (event.detail.requestConfig?.verb !== "get") say(document.body.dataset.notSent);
  });
}
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.shouldSwap && event.detail.isError && event.detail.requestConfig?.verb !== "get") {
    say(document.body.dataset.notSent);
  }
});

const waiting = new WeakMap();
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { target, xhr } = event.detail;
  if (target && target !== document.body) waiting.set(xhr, setTimeout(() => target.classList.add("slow"), 300));
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  clearTimeout(waiting.get(event.detail.xhr));
  event.detail.target?.classList.remove("slow");
});

/* ---------- The banner of a cut connection; a blink of three seconds is not worth a word ---------- */
const offline = document.querySelector("#offline");
let appearing = 0;
document.body.addEventListener("live:down", () => {
  const since = now();
  clearTimeout(appearing);
  appearing = setTimeout(() => {
    if (!offline) return;
    offline.querySelector("[data-offline-since]").textContent = wall.format(since);
    offline.hidden = false;
  }, 3000);
});
document.body.addEventListener("live:up", () => {
  clearTimeout(appearing);
  if (offline) offline.hidden = true;
});
