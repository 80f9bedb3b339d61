/* An emergency while the product's database does not answer. The card of this call lies filled in the page; the line is
   rung with the page's signed ticket; what is typed stays in this browser and is sent once the product answers again. */

import { say } from "./frame.js";

const F12_WAITS = 800; // ms for the ordinary card
const DIAL_WAITS = 250; // ms for the ordinary card's own Enter, which goes on meanwhile: a repeat rings nothing twice
const RING_BACK_EVERY = 10_000; // ms, and how often: as the ordinary ring back
const RING_BACK_TRIES = 3;
const SETTLING = 5000; // ms: a nervous second Enter closes nothing
const STORED = "emergency-";

const root = document.documentElement;
const rendered = Number(root.dataset.now ?? 0) * 1000;
const ahead = rendered ? rendered - Date.now() : 0;
const now = () => Date.now() + ahead;
const clock = new Intl.DateTimeFormat("fr-FR", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: root.dataset.zone || undefined });

const layer = document.querySelector("#emergency-layer");
const source = () => document.querySelector("#offline-relay");
const shown = () => document.querySelector("#relay.offline");
let relay = null; // what is under way here; null while the ordinary card serves

/* ---------- F12: the ordinary card, or after 800 ms this one ---------- */
let waiting = 0;
let dialsAtOnce = false; // Enter came before any card did
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (form.id === "key-emergency") {
    clearTimeout(waiting);
    dialsAtOnce = false;
    waiting = setTimeout(open, F12_WAITS);
  }
  if (form.matches?.("#relay-primary[action$='/dial']")) waitForDial(event.detail.xhr);
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.id !== "key-emergency") return;
  clearTimeout(waiting);
  waiting = 0;
  if (isBroken(event.detail.xhr)) open();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !waiting || event.repeat || document.activeElement?.matches("input, textarea, select")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  dialsAtOnce = true;
}, { capture: true });
document.body.addEventListener("htmx:afterSettle", () => {
  const primary = document.querySelector("#relay:not(.offline) #relay-primary[action$='/dial'] button");
  if (!dialsAtOnce || !primary) return;
  dialsAtOnce = false;
  primary.click();
});
// The ordinary card comes late: first it is told what was done here, then it takes over.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (relay && event.detail.target === layer && !event.detail.requestConfig?.headers?.["X-After-Emergency"]) {
    event.detail.shouldSwap = false;
    send();
  }
});

function isBroken(xhr) {
  return xhr.status === 0 || xhr.status >= 500;
}

/* ---------- Enter on the ordinary card that is not answered in time ---------- */
function waitForDial(xhr) {
  const line = document.querySelector("#relay-line");
  const kept = source();
  if (!line || !kept) return;
  const lines = JSON.parse(kept.dataset.lines);
  const place = Math.max(0, lines.findIndex(([number]) => number === line.dataset.number));
  const attempt = Number(line.dataset.attempts) + 1;
  let done = false;
  const direct = async () => {
    if (done) return;
    done = true;
    const told = await ask("POST", "/emergency/ring", kept.dataset.ticket, { attempt, place });
    if (told.by === "direct") {
      open();
      took(told);
    } else {
      document.body.dispatchEvent(new CustomEvent("live:reconnect"));
    }
  };
  const timer = setTimeout(direct, DIAL_WAITS);
  xhr.addEventListener("loadend", () => {
    clearTimeout(timer);
    if (isBroken(xhr)) direct();
    else done = true;
  });
}

/* ---------- The card ---------- */
function open() {
  waiting = 0;
  const kept = source();
  if (!kept || !layer || relay) return;
  relay = read(kept.dataset.call) ?? {
    call: kept.dataset.call, ticket: kept.dataset.ticket, lines: JSON.parse(kept.dataset.lines),
    attempts: Number(kept.dataset.attempts), attempt: 0, place: 0, sid: null, status: "ready", since: now(),
    openedAt: now(), answeredAt: 0, takenOverAt: 0, rung: [], steps: [], place_typed: {},
  };
  if (!relay.lines.length) relay.status = "none";
  const card = kept.firstElementChild.cloneNode(true);
  card.id = "relay";
  card.dataset.call = relay.call;
  const before = document.querySelector("#relay-place");
  if (before) relay.place_typed = Object.fromEntries(new FormData(before));
  layer.replaceChildren(card);
  const opens = !layer.open;
  if (opens) layer.show();
  document.activeElement?.blur();
  if (opens) layer.scrollTop = 0;
  document.querySelector(".topbar").inert = true;
  for (const [name, value] of Object.entries(relay.place_typed)) {
    const field = card.querySelector(`[data-offline-place] [name="${CSS.escape(name)}"]`);
    if (field) field.value = value;
  }
  const timer = card.querySelector("[data-offline-timer]");
  timer.dataset.since = String(relay.openedAt / 1000);
  for (const step of relay.steps) write(step);
  if (!relay.steps.length) note("opened");
  draw();
  beat();
  if (dialsAtOnce) dial();
  dialsAtOnce = false;
}

function draw() {
  const card = shown();
  if (!card || !relay) return;
  for (const part of card.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(relay.status);
  const settled = relay.status === "answered" && now() >= relay.answeredAt + SETTLING;
  for (const key of card.querySelectorAll("[data-offline='taken-over']")) {
    const elsewhere = key.dataset.also === "elsewhere";
    key.disabled = elsewhere ? !(["failed", "cut"].includes(relay.status) || (relay.rung.length > 1 && relay.status === "ringing")) : !settled;
  }
  card.querySelector("[data-settling]").hidden = settled;
  card.querySelector("[data-also='unrung']").disabled = !["ready", "none"].includes(relay.status);
  const [number, label] = relay.lines[relay.place] ?? [];
  const rows = [...card.querySelectorAll("[data-place]")];
  for (const row of rows) {
    row.hidden = Number(row.dataset.place) === relay.place;
    row.querySelector("[data-next]").hidden = Number(row.dataset.place) !== relay.place + 1;
  }
  if (number) {
    const here = rows[relay.place];
    card.querySelector("[data-line-label]").textContent = label || here.querySelector(".grow").firstChild.textContent;
    const written = here.querySelector("small").textContent;
    card.querySelector("[data-line-number]").textContent = written;
    card.querySelector("[data-dials]").textContent = written;
  }
  for (const part of card.querySelectorAll("[data-patient]")) part.hidden = !relay.lost || part.dataset.patient !== (relay.lost.isGivenUp ? "given-up" : "ringing-back");
  const timer = card.querySelector("[data-state-timer]");
  timer.hidden = ["ready", "none", "taken_over"].includes(relay.status);
  timer.dataset.since = String(relay.since / 1000);
}

function become(status, { step = status, detail = "" } = {}) {
  if (!relay || relay.status === status) return;
  relay.status = status;
  relay.since = now();
  if (step) note(step, detail);
  keep();
  draw();
}

function note(kind, detail = "") {
  const step = { kind, detail, at: now() };
  relay.steps.push(step);
  write(step);
}

function write({ kind, detail, at }) {
  const card = shown();
  const row = card?.querySelector(`template[data-step="${kind}"]`)?.content.firstElementChild.cloneNode(true);
  if (!row) return;
  row.querySelector("small").textContent = detail;
  row.querySelector("time").textContent = clock.format(at);
  card.querySelector("[data-steps]").append(row);
}

function tell(sentence) {
  const place = shown()?.querySelector("[data-sentence]");
  if (!place) return;
  place.textContent = sentence;
  place.hidden = !sentence;
}

document.addEventListener("click", (event) => {
  const key = event.target.closest?.("#relay.offline [data-offline]");
  if (!key || key.disabled) return;
  if (key.dataset.offline === "dial") dial();
  if (key.dataset.offline === "taken-over") takeOver();
  if (key.dataset.offline === "close") leave();
});
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("#relay.offline [data-offline-place]");
  if (!form || !relay) return;
  relay.place_typed = Object.fromEntries(new FormData(form));
  keep();
});
document.addEventListener("submit", (event) => {
  if (event.target.matches?.("[data-offline-place]")) event.preventDefault();
});

/* ---------- Ringing, one line after the other ---------- */
async function dial() {
  if (!relay || !relay.lines.length || !["ready", "failed", "cut"].includes(relay.status)) return;
  if (relay.status === "failed") relay.place = (relay.place + 1) % relay.lines.length;
  await ring();
}

async function ring() {
  const [, label] = relay.lines[relay.place];
  const attempt = Math.max(relay.attempts, ...relay.rung.map((one) => one.attempt)) + 1;
  relay.answeredAt = 0;
  relay.unheard = 0;
  become("dialling", { step: "dialled", detail: label });
  tell("");
  const told = await ask("POST", "/emergency/ring", relay.ticket, { attempt, place: relay.place });
  if (!relay) return;
  if (told.by) took(told);
  else {
    tell(told.sentence ?? document.body.dataset.notSent);
    become("failed", { detail: told.sentence ?? "" });
  }
}

/** What the product says that it rang. */
function took(told) {
  if (told.place !== undefined) relay.place = told.place;
  relay.attempt = told.attempt;
  relay.sid = told.sid ?? null;
  relay.attempts = Math.max(relay.attempts, told.attempt);
  if (!relay.rung.some((one) => one.attempt === told.attempt)) relay.rung.push({ attempt: told.attempt, place: relay.place, sid: relay.sid });
  if (relay.status === "ready") note("dialled", relay.lines[relay.place]?.[1] ?? "");
  become("ringing");
}

/** Every second: where the line stands, and whether the product answers again. */
let beating = false;
async function beat() {
  if (beating) return;
  beating = true;
  for (let count = 1; relay; count += 1) {
    await new Promise((done) => setTimeout(done, 1000));
    if (!relay) break;
    if (!["dialling", "taken_over"].includes(relay.status)) await follow();
    if (relay && count % 2 === 0) await send();
    draw();
  }
  beating = false;
}

async function follow() {
  const query = new URLSearchParams({ attempt: relay.attempt || 1, ...(relay.sid ? { sid: relay.sid } : {}) });
  const { state, patient } = await ask("GET", `/emergency/ring?${query}`, relay.ticket);
  if (relay && patient) await seePatient(patient);
  if (!relay || !["ringing", "answered"].includes(relay.status)) return;
  if (state === "answered") {
    relay.answeredAt ||= now();
    become("answered");
  }
  // Nothing heard of it three times: somebody else rang it, and it has gone.
  relay.unheard = state === "none" ? (relay.unheard ?? 0) + 1 : 0;
  if (state === "cut" || (relay.unheard >= 3 && relay.status === "answered")) become("cut");
  else if (state === "in_vain" || relay.unheard >= 3) await nextLine();
}

/** A patient whose line drops is shown at once, and rung back through the carrier: twice told, it rings once. */
async function seePatient(stands) {
  if (stands === "there") {
    if (relay.lost) note("patient_back");
    relay.lost = null;
    return;
  }
  if (!relay.lost) note("patient_lost");
  relay.lost ??= { tries: 0, triedAt: 0, isGivenUp: false };
  keep();
  draw();
  const { lost } = relay;
  if (stands === "ringing" || lost.isGivenUp || now() < lost.triedAt + RING_BACK_EVERY) return;
  if (lost.tries >= RING_BACK_TRIES) {
    lost.isGivenUp = true;
    return;
  }
  lost.triedAt = now();
  const told = await ask("POST", "/emergency/patient", relay.ticket);
  if (told.rung) lost.tries += 1;
  lost.isGivenUp = told.status >= 400 && told.status < 500; // no number, or none that may be rung
}

/** Nobody answered: the next one by itself, but not in turns for ever. */
async function nextLine() {
  become("failed", { detail: relay.lines[relay.place]?.[1] ?? "" });
  if (relay.place + 1 >= relay.lines.length) return;
  relay.place += 1;
  await ring();
}

function takeOver() {
  relay.takenOverAt = now();
  become("taken_over");
  send();
}

/* ---------- Kept here, sent when the product answers ---------- */
function keep() {
  try {
    localStorage.setItem(STORED + relay.call, JSON.stringify(relay));
  } catch { /* a browser that keeps nothing: the card itself still has it */ }
}

function read(call) {
  try {
    return JSON.parse(localStorage.getItem(STORED + call));
  } catch {
    return null;
  }
}

function bodyOf({ place_typed, takenOverAt, rung }) {
  return { caller: place_typed.caller ?? "", address: place_typed.address ?? "", detail: place_typed.detail ?? "", callback: place_typed.callback ?? "", taken_over_at: takenOverAt || null, rung };
}

let sending = false;
async function send() {
  if (!relay || sending) return;
  sending = true;
  const { call, ticket } = relay;
  const sent = JSON.stringify(bodyOf(relay));
  const told = await ask("POST", "/emergency/kept", ticket, JSON.parse(sent));
  sending = false;
  const typing = document.activeElement?.closest?.("[data-offline-place]");
  // Something came meanwhile, or she writes just now: it goes with the next.
  if (relay && told.status === 200) {
    // A colleague has the patient: hers are the card and what was written here.
    localStorage.removeItem(STORED + call);
    relay = null;
    closeLayer();
    say(told.sentence);
    return;
  }
  if (!relay || told.status !== 204 || typing || relay.status === "dialling" || sent !== JSON.stringify(bodyOf(relay))) return;
  localStorage.removeItem(STORED + call);
  relay = null;
  handOver(call);
}

/** The ordinary card in place of this one, tried until it is there: the keys of this one mean nothing any more. */
async function handOver(call) {
  const there = () => !shown() || relay;
  for (let count = 0; count < 60 && !there(); count += 1) {
    if (count) await new Promise((done) => setTimeout(done, 1000));
    const asked = { target: "#emergency-layer", swap: "innerHTML", headers: { "X-After-Emergency": "yes" } };
    await htmx.ajax("GET", `/desk/emergency?call=${call}`, asked).catch(() => {});
  }
  document.body.dispatchEvent(new CustomEvent("live:reconnect"));
}

function leave() {
  const left = relay;
  if (["ready", "none"].includes(left.status)) localStorage.removeItem(STORED + left.call);
  relay = null;
  closeLayer();
  if (left.status === "taken_over") sendLater(left);
}

function closeLayer() {
  layer.replaceChildren();
  layer.close();
  document.querySelector(".topbar").inert = false;
  document.body.dispatchEvent(new CustomEvent("live:reconnect"));
}

/** Of a card that is closed, or of a page that was loaded anew: until the product takes it. */
async function sendLater(left) {
  for (;;) {
    const told = await ask("POST", "/emergency/kept", left.ticket, bodyOf(left));
    if ([200, 204].includes(told.status) || (told.status >= 400 && told.status < 500)) break;
    await new Promise((done) => setTimeout(done, 3000));
  }
  localStorage.removeItem(STORED + left.call);
  document.body.dispatchEvent(new CustomEvent("live:reconnect"));
}
for (const name of Object.keys(localStorage)) {
  const left = name.startsWith(STORED) ? read(name.slice(STORED.length)) : null;
  if (left?.ticket) sendLater(left);
}

/* A browser keeps six connections to one host: screens that wait for an answer must not keep the line from ringing, nor
   the next one when it is busy. They read themselves again afterwards. */
const reading = new Map();
document.body.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (detail.requestConfig.verb !== "get" || detail.requestConfig.headers["X-After-Emergency"]) return;
  reading.set(detail.xhr, performance.now());
  detail.xhr.addEventListener("loadend", () => reading.delete(detail.xhr));
});
function letThrough(address) {
  for (const [xhr, since] of reading) {
    if (relay || address === "/emergency/ring" || performance.now() - since > F12_WAITS) xhr.abort();
  }
}

async function ask(method, address, ticket, body) {
  letThrough(address);
  try {
    const answer = await fetch(address, {
      method,
      headers: { "Emergency-Ticket": ticket, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
      keepalive: method === "POST",
      signal: AbortSignal.timeout(8000),
    });
    const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    return { ...told, status: answer.status };
  } catch {
    return { status: 0 };
  }
}
