/* The operator's telephone in her browser: the carrier's Device, registered while this browser has her desk.

   Calls are taken with F2 on the desk; what then rings here is answered by itself, and nothing else is. Several tabs are
   one telephone: the tab that holds the lock has the Device, the others show how it is, and one of them takes it on. */

import { say } from "./frame.js";

const place = document.querySelector("[data-softphone]");
const line = document.querySelector("#softphone-state");
const DEAF = new Set(["lost", "silent", "failed"]);
const AGAIN_AFTER = 3000; // milliseconds
const PRESSES_WAIT = 8000;

let state = "asleep"; // asleep, connecting, ready, talking, lost, silent, failed
let device = null;
let active = null; // the call that is heard here
let letGo = null; // gives the lock, and with it the telephone, to another tab
let holds = false;
let trying = 0;
let summonedUntil = 0; // a call is about to be moved here from her own telephone
let gone = false; // nobody is signed in here any more
const others = place ? new BroadcastChannel(`softphone-${place.dataset.softphone}`) : null;

/* ---------- What is wanted ---------- */
const usesBrowser = () => document.querySelector("#desk-ear")?.dataset.ear === "softphone";
const isElsewhere = () => gone || Boolean(document.querySelector("[data-desk-elsewhere]"));
// On the board only for a supervision, and from its dialog on: that page is left at any time, and what is heard in it with it.
const isOnDemand = place?.dataset.onDemand !== undefined;
const isDemanded = () => !isOnDemand || Boolean(document.querySelector('#ask form[action="/supervision"], .own-supervision'));
const isWanted = () => Boolean(place) && ((usesBrowser() && isDemanded()) || Date.now() < summonedUntil) && !isElsewhere();

let awake = Boolean(place?.dataset.works) || Boolean(navigator.userActivation?.hasBeenActive);
function follow() {
  if (isElsewhere()) document.querySelector("#emergency-layer[open]")?.close();
  if (isWanted() && awake) take();
  else if (!isWanted() && asking) leave(); // never asked for, it may be another tab's
  draw();
}

/* ---------- One of this browser's tabs has the telephone ---------- */
let asking = null;
function take() {
  if (asking) return;
  asking = new AbortController();
  navigator.locks.request(`softphone-${place.dataset.softphone}`, { signal: asking.signal }, () => new Promise((done) => {
    holds = true;
    letGo = done;
    open();
  })).catch(() => {}); // no longer asked for
}

/** The telephone of this browser is over; a conversation under way is finished first. */
function leave() {
  if (active) return;
  clearTimeout(trying);
  const over = device;
  device = null;
  over?.destroy();
  asking?.abort();
  asking = null;
  letGo?.();
  letGo = null;
  holds = false;
  become("asleep");
}

/* ---------- The Device ---------- */
async function open() {
  if (!holds || device) return;
  become("connecting");
  try {
    await load(place.dataset.sdk);
    device = new window.Twilio.Device(await token(), { tokenRefreshMs: 60_000, logLevel: "error" });
    const mine = device;
    // Ringing is the desk's own sound (ring.js): the telephone rings only for what she has taken.
    for (const sound of ["incoming", "outgoing", "disconnect"]) mine.audio?.[sound](false);
    mine.on("registering", () => now(mine, "connecting"));
    mine.on("registered", () => now(mine, "ready"));
    mine.on("unregistered", () => { now(mine, "lost"); again(); });
    mine.on("incoming", consider);
    mine.on("tokenWillExpire", async () => { try { mine.updateToken(await token()); } catch { again(); } });
    mine.on("error", (error) => failed(mine, error));
    if (mine.audio) await findMicrophone();
    await mine.register();
  } catch (error) {
    failed(device, error);
  }
}

function now(mine, next) {
  if (mine === device) become(active && next === "ready" ? "talking" : next);
}

/** What went wrong, in words; then it is tried again. Access tokens have codes of 201xx, microphones of 314xx. */
function failed(mine, error) {
  if (mine !== device || !holds) return;
  const code = error?.code ?? 0;
  const isMicrophone = ["NotAllowedError", "NotFoundError", "NotReadableError"].includes(error?.name) || (code >= 31400 && code < 31500);
  become(isMicrophone ? "silent" : device && !(code >= 20100 && code < 20200) ? "lost" : "failed");
  again();
}

function again() {
  clearTimeout(trying);
  trying = setTimeout(async () => {
    if (!holds || !isWanted() || active) return;
    if (device?.state === "registered") { now(device, "ready"); return; }
    if (device?.state === "registering") { again(); return; }
    const over = device;
    device = null;
    over?.removeAllListeners();
    over?.destroy();
    open();
  }, AGAIN_AFTER);
}

const scripts = new Map();
function load(address) {
  if (!scripts.has(address)) {
    scripts.set(address, new Promise((done, refused) => {
      const script = document.createElement("script");
      script.src = address;
      script.addEventListener("load", done);
      script.addEventListener("error", () => { scripts.delete(address); script.remove(); refused(new Error("not loaded")); });
      document.head.append(script);
    }));
  }
  return scripts.get(address);
}

async function token() {
  const answer = await fetch(place.dataset.token, { method: "POST", redirect: "manual" });
  if (!answer.ok) throw new Error(`no pass: ${answer.status}`);
  return (await answer.json()).token;
}

async function findMicrophone() {
  const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
  for (const track of sound.getTracks()) track.stop();
}

/* ---------- What rings here ---------- */
async function consider(call) {
  const expected = await isExpected(call.parameters.CallSid);
  if (call.status() !== "pending") return; // it has stopped meanwhile
  if (!expected || !isWanted()) {
    call.reject();
    return;
  }
  active = call;
  for (const end of ["disconnect", "cancel", "reject"]) call.on(end, () => ended(call));
  call.on("error", (error) => { failed(device, error); if (call.status() === "closed") ended(call); });
  call.on("accept", () => become("talking"));
  call.accept();
}

/** The desk knows whether it has asked for this call; a question that fails is asked again, for she has pressed F2. */
async function isExpected(sid) {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    try {
      const answer = await fetch(place.dataset.calls, { method: "POST", body: new URLSearchParams({ call_sid: sid }), redirect: "manual" });
      if (answer.ok) return true;
      if (answer.status === 404 || answer.status === 409 || answer.type === "opaqueredirect") return false;
    } catch {
      // The line is cut for a moment.
    }
    await new Promise((done) => { setTimeout(done, 500); });
  }
  return false;
}

function ended(call) {
  if (active !== call) return;
  active = null;
  summonedUntil = 0;
  if (device?.state === "registered") become("ready");
  else again();
  follow(); // whatever waited for the end of the conversation
}

/* ---------- How it is: said here, in the other tabs, and on F2 ---------- */
function become(next) {
  state = next;
  others?.postMessage({ state });
  draw();
}

function draw() {
  if (!place || !line) return;
  const shown = usesBrowser() && !(isElsewhere() && !active);
  const words = place.dataset[`say${state[0].toUpperCase()}${state.slice(1)}`] ?? "";
  for (const told of document.querySelectorAll("[data-telephone-state]")) {
    told.hidden = !shown;
    if (told.textContent !== words) told.textContent = words;
    told.dataset.state = state;
    told.classList.toggle("attn", DEAF.has(state));
  }
  const deaf = shown && DEAF.has(state);
  document.body.toggleAttribute("data-deaf", deaf);
  for (const button of document.querySelectorAll('form[action$="/acceptance"] button')) {
    if (deaf) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

/* A call taken, or moved here, while nothing can ring would be lost to her at once: the carrier gives up on a browser that
   is not there. While the telephone is only starting, the key counts as soon as it is ready. */
const TAKES = 'form[action$="/acceptance"], form[action="/supervision"]';
const movesHere = (form) => form.matches?.('form[action^="/calls/"][action$="/ear"]') && form.elements.ear?.value === "softphone";
document.addEventListener("submit", (event) => {
  const { target: form, submitter: pressed } = event;
  if (!place || !(form.matches?.(TAKES) ? usesBrowser() && !isElsewhere() : movesHere(form))) return;
  const until = Date.now() + PRESSES_WAIT;
  if (isOnDemand || movesHere(form)) summonedUntil = until;
  follow();
  if (state === "ready" || state === "talking") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (DEAF.has(state)) {
    say(place.dataset.sayDeaf);
    return;
  }
  const look = setInterval(() => {
    if (state === "ready" && form.isConnected) form.requestSubmit(pressed?.form === form ? pressed : null);
    else if (DEAF.has(state)) say(place.dataset.sayDeaf);
    else if (Date.now() < until) return;
    else say(place.dataset.sayDeaf);
    clearInterval(look);
    follow();
  }, 50);
}, { capture: true });

/* ---------- For the desk's other keys ---------- */
const gestures = {
  sendDigits: (digits) => active?.sendDigits(digits),
  mute: (should = true) => active?.mute(should),
  hangUp: () => active?.disconnect(),
};
/** The telephone, from any tab: keys pressed in the call, mute, hang up; ``isHere``: whether this tab has the call. */
window.softphone = {
  get state() { return state; },
  get isHere() { return Boolean(active); },
  isMuted: () => active?.isMuted() ?? false,
  ...Object.fromEntries(Object.keys(gestures).map((name) => [name, (...told) => {
    if (active) gestures[name](...told);
    else others?.postMessage({ gesture: name, told });
  }])),
};

if (place) {
  others.addEventListener("message", ({ data }) => {
    if (data.gesture && active) gestures[data.gesture]?.(...data.told);
    else if (data.asks && holds) others.postMessage({ state });
    else if (data.state && !holds) { state = data.state; draw(); }
  });
  others.postMessage({ asks: true });
  for (const touch of ["pointerdown", "keydown"]) {
    // The browser lets a page sound, and listen, only after it was touched.
    addEventListener(touch, () => { if (!awake) { awake = true; follow(); } }, { capture: true });
  }
  for (const news of ["htmx:afterSettle", "htmx:oobAfterSwap"]) document.body.addEventListener(news, follow);
  document.body.addEventListener("desk:gone", () => { gone = true; follow(); });
  addEventListener("pagehide", () => { active = null; leave(); });
  follow();
}
