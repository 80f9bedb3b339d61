/* The wide agenda: a cursor over its times, links that fetch only its region, and the way back to the desk.

   The page works without: links lead to whole pages. Over the desk (#agenda-layer) nothing may load a page anew, since the
   telephone in it would be gone. */

import { now } from "./frame.js";

const FIELDS = "input:not([type=radio], [type=checkbox]), textarea, select";
const $ = (selector, root = document) => root.querySelector(selector);
const region = () => $("#wide-agenda");
const layer = $("#agenda-layer");

// A morph leaves an element with data-keep and the same id exactly as it stands (the desk's script says the same).
if (!layer) Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => !(old.dataset?.keep !== undefined && old.id && old.id === fresh.id);

/* ---------- Going: the region alone; the address follows where the page is its own ---------- */
let asked = ""; // what was asked for last and is not there yet

function go(address) {
  const { search } = new URL(address, location.href);
  asked = `/agenda/region${search}`;
  // From an element that no signal asks from: htmx keeps one request waiting for each, and a signal's would take its place.
  htmx.ajax("GET", asked, { source: "#wide-notices", target: "#wide-agenda", swap: "morph:outerHTML" });
  if (!layer) history.replaceState(null, "", `/agenda${search}`);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const leaving = event.target.closest?.("[data-leaves]");
  if (leaving && layer) {
    event.preventDefault();
    leave();
    return;
  }
  if (event.target.closest?.("[data-closes-details]")) {
    event.preventDefault();
    closeDetails();
    current()?.focus();
    return;
  }
  const gesture = event.target.closest?.("#wide-side [data-mode]");
  if (gesture) {
    event.preventDefault();
    closeDetails();
    go(`/agenda${region().dataset.unchosen}&${gesture.dataset.mode}`);
    return;
  }
  const link = event.target.closest?.("#wide-agenda a[href^='/agenda'], #wide-side a[href^='/agenda']");
  if (!link || link.target) return;
  event.preventDefault();
  toToday = link.id === "wide-today";
  if (link.dataset.appointment && !link.search) show(link);
  else go(link.href);
});
document.addEventListener("wide:go", (event) => go(event.detail));

/* ---------- What is known of the appointment at the cursor, and its keys ---------- */
async function show(visit) {
  await htmx.ajax("GET", visit.pathname, { source: "#wide-side", target: "#wide-side", swap: "innerHTML" });
  $("#appointment-details")?.scrollIntoView({ block: "nearest" }); // on a narrow screen it stands below
}

function closeDetails() {
  $("#wide-side").replaceChildren();
}

// A key of the details pressed while they are not open: they are opened first, and have it then. It runs after keys.js.
document.addEventListener("keydown", (event) => {
  const visit = document.activeElement?.closest?.("[data-appointment]");
  if (!visit || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || $("dialog[open]")) return;
  const { key, code } = event;
  if (!/^[a-z]$/i.test(key) && key !== "Delete") return;
  if (key !== "Delete" && $("#appointment-details")) return;
  event.preventDefault();
  const press = () => {
    if (key === "Delete") $("#appointment-details [data-cancels]")?.click();
    else document.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }));
  };
  if ($("#appointment-details")) press();
  else show({ pathname: `/agenda/appointments/${visit.dataset.appointment}` }).then(press);
});
// Escape first leaves them, then what is chosen, then the agenda.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !$("#appointment-details") || $("dialog[open]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  closeDetails();
  current()?.focus();
}, { capture: true });
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".cancel-visit") && event.target.open) $("input", event.target)?.focus();
}, true);
document.addEventListener("change", (event) => {
  const form = event.target.closest?.(".wide-choose");
  if (form) go(`/agenda?${new URLSearchParams(new FormData(form))}`);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches?.(".wide-choose")) return;
  event.preventDefault();
  go(`/agenda?${new URLSearchParams(new FormData(event.target))}`);
});

// Read again by a signal while she turned to another week: what was asked of the former one is not shown over it. And a
// booking under way keeps its form until its own answer comes.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (target?.id === "notices" && $("#wide-notices")) event.detail.target = $("#wide-notices");
  // A button that goes with what it did leaves the keyboard nowhere: it is then where the cursor is.
  const active = document.activeElement;
  if (target?.id === "wide-side" && target.contains(active)) here = cursor;
  if (target?.id !== "wide-agenda") return;
  if (active !== document.body || !here) here = target.contains(active) ? active.id || cursor : "";
  if (requestConfig.verb !== "get") return;
  const current = requestConfig.elt === target ? !asked && requestConfig.path === target.getAttribute("hx-get") : requestConfig.path === asked;
  if (!current || $("form.htmx-request", target)) event.detail.shouldSwap = false;
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig?.path === asked) asked = "";
});

/* ---------- The desk: opened over it, left again, and gone when a call rings ---------- */
function leave() {
  const shown = region();
  const inCall = shown?.dataset.call !== undefined;
  const choice = new URLSearchParams(shown?.dataset.panel ?? "");
  layer.replaceChildren();
  if (!inCall) return;
  const panel = new URLSearchParams();
  for (const [name, from] of [["practitioner", choice.get("with") ?? choice.get("practitioner")], ["day", choice.get("day")], ["type", choice.get("type")], ["start", choice.get("start")]]) {
    if (from) panel.set(name, from);
  }
  htmx.ajax("GET", `/desk/agenda?${panel}`, { source: "#desk-agenda", target: "#desk-agenda", swap: "morph:outerHTML" });
}
let rang = false;
function giveWayToRinging() {
  const rings = $("#desk-card")?.dataset.state === "ringing";
  if (layer?.firstChild && rings && !rang) leave();
  rang = rings;
}

/* ---------- A day or an hour that is typed ---------- */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target.id !== "wide-moment") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.target.value) event.target.value = "";
  else (current() ?? { focus: () => event.target.blur() }).focus();
}, { capture: true });
// Found: the field has done its work, and the keyboard goes on with what was found.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.requestConfig?.elt.matches?.(".wide-moment") || detail.xhr.status !== 200) return;
  const field = $("#wide-moment");
  $("#wide-notices")?.replaceChildren(); // what was said of the one that could not be read is over
  field.value = "";
  field.blur();
});

/* ---------- The cursor: one cell of the grid can be reached by Tab, arrows go on from there ---------- */
const SETTLED_WITHIN = 500; // milliseconds: another region may settle between this one's swap and its own settling
let cursor = "";
let here = ""; // what had the focus before the region was drawn anew
let booking = "";
let toToday = false; // today was asked for: the cursor goes there, also when the week that is shown has it
let owedUntil = 0; // what was just chosen gets the focus, also when drawing it a little later takes that away again

/** Where the cursor may go: while a visit is moved only where it fits, while two change places only to visits. */
function cells(place = region()) {
  const { moving, swapping } = region()?.dataset ?? {};
  const wanted = moving ? ".free[data-cell]" : swapping ? "[data-movable]:not(.picked)" : "[data-cell]";
  return [...(place?.querySelectorAll(wanted) ?? [])];
}

function current() {
  const all = cells();
  return all.find((one) => one.id === cursor) ?? nearest(all) ?? $("#wide-agenda .free.first") ?? all.find((one) => one.matches(".free")) ?? all[0];
}

/** The cell of the same practitioner at the same time of the week, or of the day when only one is shown. */
function nearest(all) {
  const [, whose, start] = /^c(\d+)-(\d+)$/.exec(cursor) ?? [];
  if (!whose) return undefined;
  const round = (region().querySelectorAll(".dayhead").length > 1 ? 7 : 1) * 86_400;
  const distance = (one) => {
    const apart = Math.abs(Number(one.id.split("-")[1]) - Number(start)) % round;
    return Math.min(apart, round - apart);
  };
  const hers = all.filter((one) => one.id.startsWith(`c${whose}-`));
  return hers.sort((one, other) => distance(one) - distance(other))[0];
}

function rove() {
  const at = current();
  for (const one of region()?.querySelectorAll("[data-cell]") ?? []) one.tabIndex = one === at ? 0 : -1;
  return at;
}

/** What is free today from now on, else the first of today. */
function ofToday() {
  const heads = [...region().querySelectorAll(".dayhead")];
  const today = heads.findIndex((one) => one.matches(".today"));
  if (today < 0) return undefined;
  const before = heads.slice(0, today).reduce((sum, one) => sum + Number(one.style.getPropertyValue("--span")), 0);
  const own = cells(region().querySelectorAll("[data-col]")[before]);
  return own.find((one) => one.matches(".free")) ?? own[0];
}

function point(cell) {
  cursor = cell.id;
  rove();
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-cell]")) {
    // What stands beside belongs to the appointment at the cursor: a key must never act on another. Of one that has just
    // been cancelled it stays while the cursor does, whichever of the two is drawn first.
    const shown = $("#appointment-details")?.dataset.details;
    const own = event.target.dataset.appointment;
    if (shown && shown !== own && (own || event.target.id !== cursor)) closeDetails();
    cursor = event.target.id;
    rove();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (!$(".wide-tools")?.checkVisibility() || $("dialog[open]") || document.activeElement?.matches(`${FIELDS}, .person`)) return;
  if (!event.key.startsWith("Arrow")) return;
  const focused = document.activeElement?.matches("[data-cell]") ? document.activeElement : null;
  const from = cells().includes(focused) ? focused : null;
  const to = from ? neighbour(from, event.key) : current();
  event.preventDefault();
  event.stopImmediatePropagation();
  if (to) point(to);
}, { capture: true });

function neighbour(from, key) {
  const column = from.closest("[data-col]");
  if (key === "ArrowUp" || key === "ArrowDown") {
    const own = cells(column);
    if (!own.includes(from)) return key === "ArrowDown" ? own[0] : own.at(-1);
    return own[own.indexOf(from) + (key === "ArrowDown" ? 1 : -1)];
  }
  const columns = [...region().querySelectorAll("[data-col]")].filter((one) => one === column || cells(one).length);
  const beside = columns[columns.indexOf(column) + (key === "ArrowRight" ? 1 : -1)];
  if (!beside) return undefined;
  const top = (one) => one.getBoundingClientRect().top;
  return cells(beside).sort((one, other) => Math.abs(top(one) - top(from)) - Math.abs(top(other) - top(from)))[0];
}

/* ---------- After each drawing: the cursor is where it was, and what was just chosen waits for Enter ---------- */
function settle() {
  giveWayToRinging();
  if (!region()) {
    cursor = booking = "";
    return;
  }
  const chosen = $("#wide-agenda [data-cell][aria-current]");
  if (chosen) cursor = chosen.id;
  const at = rove();
  // A time that cannot be had has the keyboard at what can be had instead: Enter must not act where she came from.
  const offered = $(".wide-booking[data-choice], .wide-booking [data-choice]", region());
  const choice = offered?.dataset.choice ?? "";
  const typing = document.activeElement?.matches(FIELDS);
  if (choice && choice !== booking) {
    owedUntil = Date.now() + SETTLED_WITHIN;
    if (!chosen) cursor = offered.closest(".wide-booking").dataset.at ?? cursor;
  }
  if (choice && Date.now() < owedUntil && !typing) {
    const isBooking = offered.id === "wide-book-it";
    const search = isBooking && region().dataset.call === undefined && !$("[name=patient_id][form=wide-book]") && $("#wide-search");
    (search || offered).focus();
  } else if (document.activeElement === document.body && (here || !booking !== !choice)) {
    (cells().find((one) => one.id === here) ?? at)?.focus();
  } else if (document.activeElement?.matches("[data-cell]") && !cells().includes(document.activeElement)) {
    at?.focus();
  }
  if (toToday && !asked) {
    const cell = ofToday();
    if (cell) point(cell);
    toToday = false;
  }
  booking = choice;
  here = "";
  for (const toast of document.querySelectorAll("#wide-notices .toast:not([data-leaves-at])")) {
    toast.dataset.leavesAt = now() + 10_000;
    setTimeout(() => toast.remove(), 10_000);
  }
}
document.body.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.elt ?? event.target;
  settle();
  if (target?.id?.startsWith("wide-who-") && $("[name=patient_id][form=wide-book]")) ($("#wide-book-it") ?? current())?.focus();
  // On a busy machine a time may be chosen, and drawn, before the agenda's own opening has settled: it keeps the focus.
  // Nor is it taken from a field that a key has opened meanwhile.
  if (layer && target === layer && !$("#wide-book-it") && !document.activeElement?.matches(FIELDS)) current()?.focus();
});
rove();
