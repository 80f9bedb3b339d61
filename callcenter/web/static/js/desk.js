/* The desk's own behaviour. Regions are re-read by htmx; what somebody types into is never swapped. */

import { say } from "./frame.js";

// A morph leaves an element with data-keep and the same id exactly as it stands: typed text, open parts, focus.
Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
  if (old.dataset?.keep !== undefined && old.id && old.id === fresh.id) return false;
  if (old.localName === "details" && old.id && old.id === fresh.id && old.open) fresh.setAttribute("open", "");
  return true;
};

const $ = (selector, root = document) => root.querySelector(selector);

/* ---------- Keys that do more than click ---------- */
document.addEventListener("click", (event) => {
  const forwarder = event.target.closest?.("[data-clicks]");
  if (forwarder) {
    event.preventDefault();
    $(forwarder.dataset.clicks)?.click();
  }

  const speaker = event.target.closest?.("[data-says]");
  if (speaker) say(speaker.dataset.says);

  if (event.target.closest?.("[data-asks-notification]") && "Notification" in window && Notification.permission === "default") {
    Notification.requestPermission();
  }
});

/* ---------- F4 and F8 once a second: the second press meant whoever is gone, and would now mean the patient ---------- */
// By the key and not by its form: in between the form was drawn anew, with another address.
const SETTLES = 1000; // milliseconds
const firedAt = new Map();
document.addEventListener("submit", (event) => {
  const key = event.submitter?.dataset.key;
  if ((key !== "F4" && key !== "F8") || event.target.method !== "post" || event.target.matches("#relay-read-back form")) return;
  // Whoever ends a call from the middle of her notes has done writing: a digit then says how it ended.
  if (key === "F8" && isTyping()) document.activeElement.blur();
  const now = performance.now();
  if (now - (firedAt.get(key) ?? -SETTLES) < SETTLES) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else {
    firedAt.set(key, now);
  }
}, { capture: true });

/* ---------- Dialogs drawn by the server become modal; Escape or a choice closes them ---------- */
function openDialogs() {
  const emergency = $("#relay");
  for (const dialog of document.querySelectorAll("#ask dialog")) {
    // None over the emergency card, whichever of the two was there first: Enter must dial.
    if (emergency) {
      dialog.close();
      dialog.remove();
      continue;
    }
    if (dialog.matches(":modal")) continue;
    dialog.removeAttribute("open");
    dialog.showModal();
    dialog.addEventListener("close", () => dialog.remove(), { once: true });
    $("[data-first]", dialog)?.focus();
  }
}
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-close]")) return;
  event.preventDefault();
  event.target.closest?.("dialog")?.close();
});

/* ---------- Another call, or its end: what was said of before goes, and the card begins at its beginning ---------- */
let state = $("#desk-card")?.dataset.state;
document.body.addEventListener("htmx:afterSwap", () => {
  const card = $("#desk-card");
  if (!card || card.dataset.state === state) return;
  state = card.dataset.state;
  if (!["ringing", "talking", "wrap_up"].includes(state)) return;
  $("#notices")?.replaceChildren();
  if (state !== "talking") card.scrollTop = 0;
});

/* ---------- Focus goes to what was just opened ---------- */
let booking = "";
// With the swap: what is typed as soon as it is seen is typed into it.
document.body.addEventListener("htmx:afterSwap", openDialogs);
document.body.addEventListener("htmx:afterSettle", () => {
  const confirm = $("#book-it");
  const asked = confirm?.dataset.choice ?? "";
  if (asked && asked !== booking && !isTyping()) confirm.focus();
  booking = asked;
});
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".new-patient") && event.target.open) {
    ($('[aria-invalid="true"]', event.target) ?? $('[name="family_name"]', event.target))?.focus();
    event.target.scrollIntoView({ block: "nearest" });
  }
}, true);
document.body.addEventListener("htmx:afterSwap", () => {
  const wrong = $('.new-patient [aria-invalid="true"]');
  if (wrong && !wrong.dataset.shown) {
    wrong.dataset.shown = "yes";
    wrong.focus();
  }
});
// Re-read by a signal while she turned to another day: what was asked of the former one is not shown over it.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  const asked = target.id === "desk-agenda" && target.getAttribute("hx-get");
  if (!asked || requestConfig.elt !== target || requestConfig.path === asked) return;
  event.detail.shouldSwap = false;
  htmx.ajax("GET", asked, { source: target, target, swap: "morph:outerHTML" }); // the signal's news, of this day
});
// A booking under way keeps its form: taken out meanwhile, whoever came second would never see who was faster.
// Its own answer brings the agenda anew.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (requestConfig?.verb === "get" && target?.id === "desk-agenda" && $("form.htmx-request", target)) event.detail.shouldSwap = false;
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  const isDone = event.detail.successful && event.detail.requestConfig?.verb !== "get"; // a question keeps it open
  if (isDone && form.closest?.("#ask")) form.closest("dialog")?.close();
  if (form.matches?.(".words")) tellSaved(event.detail.successful);
});

function isTyping() {
  return document.activeElement?.matches("input:not([type=radio]), textarea, select") ?? false;
}

/* ---------- The foot: saved, and connected ---------- */
const foot = $("#desk-foot");
let connected = true;
let saved = true;
function drawFoot() {
  if (!foot) return;
  const words = $("[data-foot]", foot);
  words.textContent = connected && saved ? `${foot.dataset.saved}, ${foot.dataset.normal}` : foot.dataset.cut;
  foot.classList.toggle("cut-off", !(connected && saved));
}
function tellSaved(well) {
  saved = well;
  drawFoot();
}
document.body.addEventListener("live:down", () => { connected = false; drawFoot(); });
document.body.addEventListener("live:up", () => { connected = true; drawFoot(); });

/* ---------- The offer's bar runs down ---------- */
const ahead = Number(document.documentElement.dataset.now ?? 0) * 1000;
const offset = ahead ? ahead - Date.now() : 0;
setInterval(() => {
  for (const bar of document.querySelectorAll("[data-countdown-until]")) {
    const left = Number(bar.dataset.countdownUntil) - (Date.now() + offset) / 1000;
    bar.style.setProperty("--left", Math.max(0, Math.min(1, left / Number(bar.dataset.countdownTotal))).toFixed(3));
  }
}, 1000);

/* Words still in the field when the page goes are sent all the same. */
addEventListener("pagehide", () => {
  for (const form of document.querySelectorAll("form.words")) {
    const text = $("textarea", form);
    if (text && !text.disabled && text.value !== text.defaultValue) navigator.sendBeacon(form.action, new FormData(form));
  }
});

openDialogs();
