/* The time that is chosen on screen is held for whoever looks at it: taken for all others within a second.

   It is held as soon as it is drawn, held longer while it stays, and given back when another one, or none, is chosen. A page
   that is gone says nothing: the hold lapses by itself after two minutes. */

const LONGER_EVERY = 45_000; // milliseconds; a hold lasts two minutes
const NAMES = {
  practice: "practice_id",
  practitioner: "practitioner_id",
  type: "service_type_id",
  start: "start",
  call: "call_id",
  patient: "patient_id",
};

let held = null; // {key, practice}: what was last asked for
let isHeld = false;

function post(address, values) {
  return fetch(address, { method: "POST", body: new URLSearchParams(values), headers: { "HX-Request": "true" } });
}

function show() {
  const words = document.querySelector("[data-hold] > [hidden], [data-hold] > .row");
  if (words) words.hidden = !isHeld;
}

async function hold(chosen) {
  const values = { request_key: chosen.dataset.hold };
  for (const [from, to] of Object.entries(NAMES)) if (chosen.dataset[from]) values[to] = chosen.dataset[from];
  const { key } = held;
  let answer;
  try {
    answer = await post("/holds", values);
  } catch {
    return; // the network is cut: it is tried again with the next beat
  }
  if (held?.key !== key) return;
  isHeld = answer.ok;
  show();
  // Somebody has it: the agenda says so once it is read again.
  if (answer.status === 409) document.body.dispatchEvent(new CustomEvent("desk-changed"));
}

function look() {
  const chosen = document.querySelector("[data-hold]");
  const key = chosen?.dataset.hold ?? null;
  if (held && held.key !== key) {
    post("/holds/giving-back", { practice_id: held.practice, request_key: held.key }).catch(() => {});
    held = null;
    isHeld = false;
  }
  if (chosen && !held) {
    held = { key, practice: chosen.dataset.practice };
    hold(chosen);
  } else {
    show();
  }
}

document.addEventListener("htmx:afterSettle", look);
setInterval(() => {
  const chosen = document.querySelector("[data-hold]");
  if (chosen && held) hold(chosen);
}, LONGER_EVERY);
look();
