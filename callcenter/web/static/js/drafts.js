/* What is typed into a form with data-draft="name" is kept on the server: at most every three seconds, and as the page goes.

   It is back in the form whenever that is drawn anew: after a reload, a crash, a sign-in elsewhere. A draft ends when its
   form is sent; with data-draft-stays it is ended by the server (a search is sent with every letter). While the network
   is cut it is kept here, and sent again. Only what nobody has touched since it was drawn is filled. */

const EVERY = 3000;
const FORMS = "form[data-draft]";
const SKIPPED = new Set(["hidden", "password", "submit", "button", "file", "image", "reset"]);

const pending = new Map(); // "call/form" -> what is to be sent: {call, form, fields}
const timers = new Map();
const sending = new Map(); // one request at a time for each form, in the order of typing
const drawn = new WeakSet();
const touched = new WeakMap(); // form -> the names of the fields that she has changed since it was drawn

function addressOf(form) {
  const inAction = /\/calls\/(\d+)\//.exec(form.getAttribute("action") ?? "");
  const call = inAction?.[1] ?? (form.closest("[data-call]") ?? document.querySelector("[data-call]"))?.dataset.call;
  return call ? { call, form: form.dataset.draft, key: `${call}/${form.dataset.draft}` } : null;
}

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && !field.disabled && !SKIPPED.has(field.type));
}

function valuesOf(form) {
  const values = {};
  for (const field of fieldsOf(form)) {
    if (["radio", "checkbox"].includes(field.type) && !field.checked) continue;
    values[field.name] = field.value;
  }
  // As it was drawn: nothing of hers is in it.
  return fieldsOf(form).every(isAsDrawn) ? {} : values;
}

function isAsDrawn(field) {
  if (["radio", "checkbox"].includes(field.type)) return field.checked === field.defaultChecked;
  if (field.localName === "select") return field.selectedIndex === firstChoice(field);
  return field.value === field.defaultValue;
}

function firstChoice(select) {
  return Math.max(0, [...select.options].findIndex((option) => option.defaultSelected));
}

/* ---------- Out: what is typed ---------- */
// On the window, after all others: what is typed may choose something else in its form (transfer.js).
for (const kind of ["input", "change"]) {
  addEventListener(kind, (event) => {
    const form = event.target.closest?.(FORMS);
    if (!form || event.detail === "restored") return;
    drawn.add(form); // what comes from the server now would be older
    touched.set(form, (touched.get(form) ?? new Set()).add(event.target.name));
    note(form);
  });
}

function note(form) {
  const address = addressOf(form);
  if (!address) return;
  pending.set(address.key, { ...address, fields: valuesOf(form) });
  schedule(address.key);
}

function schedule(key) {
  if (!timers.has(key)) timers.set(key, setTimeout(() => { timers.delete(key); send(key); }, EVERY));
}

function bodyOf({ form, fields }) {
  const body = new FormData();
  body.set("form", form);
  body.set("fields", JSON.stringify(fields));
  return body;
}

async function send(key) {
  await sending.get(key);
  const draft = pending.get(key);
  if (!draft) return;
  const request = post(draft);
  sending.set(key, request);
  const answer = await request;
  if (sending.get(key) === request) sending.delete(key);
  // Refused, it would be refused again; cut off, it stays here and goes as soon as there is somebody to hear it.
  const isHeard = answer === "kept" || answer === "refused";
  if (isHeard && pending.get(key) === draft) pending.delete(key);
  if (pending.has(key)) schedule(key);
}

async function post(draft) {
  try {
    const answer = await fetch(`/calls/${draft.call}/drafts`, { method: "POST", body: bodyOf(draft), redirect: "manual" });
    if (answer.ok) return "kept";
    return answer.status >= 400 && answer.status < 500 ? "refused" : "cut";
  } catch {
    return "cut";
  }
}

function sendAllAsThePageGoes() {
  for (const draft of pending.values()) navigator.sendBeacon(`/calls/${draft.call}/drafts`, bodyOf(draft));
  // The next page may be there before what this one sent: it then looks once more. Nothing typed is kept here.
  if (pending.size) sessionStorage.setItem("drafts-on-their-way", "yes");
}
addEventListener("pagehide", sendAllAsThePageGoes);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") sendAllAsThePageGoes();
});
document.body.addEventListener("live:up", () => { for (const key of pending.keys()) send(key); });

/* ---------- Over: its form is sent ---------- */
// Before the answer is acted upon: it may take the form away, and htmx then speaks of another element.
document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr, requestConfig } = event.detail;
  const form = elt.closest?.(FORMS);
  if (xhr.status < 200 || xhr.status >= 300 || !form || "draftStays" in form.dataset || requestConfig?.verb !== "post") return;
  const address = addressOf(form);
  if (!address) return;
  // After whatever is still on its way: an older text must not come back.
  pending.set(address.key, { ...address, fields: {} });
  send(address.key);
});

/* ---------- What the caller says: its own form, sent as she types, until the server has what stands there ---------- */
// One request at a time, by our own count: htmx forgets its own when the form's region is drawn meanwhile, and of two on
// their way together the older words could be the last to arrive.
const unheard = new Map(); // the form -> {timer, isUnderWay, asked: the words that were last sent}
const wordsOf = (form) => form.elements.words.value;

function standing(form) {
  if (!unheard.has(form)) unheard.set(form, { timer: setTimeout(sendWords, EVERY, form), isUnderWay: false, asked: null });
  return unheard.get(form);
}

function sendWords(form) {
  const now = standing(form);
  clearTimeout(now.timer);
  now.timer = setTimeout(sendWords, EVERY, form);
  if (now.isUnderWay) return;
  now.asked = wordsOf(form);
  if (form.isConnected) return void form.dispatchEvent(new CustomEvent("words:typing"));
  // Its call is a colleague's now, or over: this once, by the form itself.
  forget(form);
  fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true, redirect: "manual" }).catch(() => {});
}

function forget(form) {
  clearTimeout(unheard.get(form)?.timer);
  unheard.delete(form);
}

const formOfWords = (event) => event.target.closest?.("form.words");
document.addEventListener("input", (event) => {
  const form = formOfWords(event);
  if (form) standing(form);
});
document.addEventListener("focusout", (event) => {
  const form = formOfWords(event);
  if (form && unheard.has(form)) sendWords(form);
});
// The card may be drawn without it, because a colleague has the call now: what she typed last goes first.
document.body.addEventListener("htmx:beforeSwap", () => {
  for (const [form, { asked }] of unheard) if (asked !== wordsOf(form)) sendWords(form);
});
document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  if (elt.matches?.("form.words")) standing(elt).isUnderWay = true;
});
document.body.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr, requestConfig } }) => {
  if (!elt.matches?.("form.words")) return;
  const now = standing(elt);
  now.isUnderWay = false;
  const isKept = xhr?.status >= 200 && xhr.status < 300;
  const isRefused = xhr?.status >= 400 && xhr.status < 500; // it would be again
  if (isRefused || (isKept && requestConfig.formData.get("words") === wordsOf(elt))) forget(elt);
  else if (isKept && now.asked !== wordsOf(elt)) sendWords(elt);
});

/* ---------- Back: forms that have just been drawn ---------- */
async function fill() {
  await fillAll([...document.querySelectorAll(FORMS)].filter((form) => !drawn.has(form)));
}

async function fillAll(fresh) {
  for (const form of fresh) drawn.add(form);
  // Typed into the same form before it was drawn anew, and not yet sent.
  const typed = new Map(fresh.map((form) => [form, pending.get(addressOf(form)?.key)?.fields]));
  const calls = new Set(fresh.map((form) => addressOf(form)?.call).filter(Boolean));
  for (const call of calls) {
    const kept = await read(call);
    for (const form of fresh) {
      const address = addressOf(form);
      if (address?.call === call && form.isConnected) restore(form, typed.get(form) ?? kept[address.form]);
    }
  }
}

async function read(call) {
  try {
    const answer = await fetch(`/calls/${call}/drafts`, { redirect: "manual" });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

/** Whether this was chosen while the draft was being read, by her or by what she typed to shorten its list. */
function isChosen(form, name) {
  const names = touched.get(form);
  return names !== undefined && (names.has(name) || names.has(form.querySelector("[data-filter]")?.name));
}

function restore(form, values) {
  if (!values) return;
  let isFilled = false;
  for (const field of fieldsOf(form)) {
    const value = values[field.name];
    if (value === undefined || !isAsDrawn(field)) continue;
    if (["radio", "checkbox"].includes(field.type)) {
      if (isChosen(form, field.name)) continue;
      if (field.checked || field.value !== value) continue;
      field.checked = true;
    } else {
      if (field.value === value) continue;
      field.value = value;
    }
    isFilled = true;
    // A search begins by itself, and a list is shortened.
    field.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "restored" }));
  }
  if (!isFilled) return;
  if (touched.has(form)) note(form); // what is back and what she typed meanwhile, as one
  form.dataset.draftBack = "yes";
  const folded = form.closest("details:not([open])");
  if (folded) folded.open = true;
}

new MutationObserver(() => {
  if (document.querySelector(FORMS)) fill();
}).observe(document.body, { childList: true, subtree: true });
fill();

if (sessionStorage.getItem("drafts-on-their-way")) {
  sessionStorage.removeItem("drafts-on-their-way");
  for (const later of [500, 1500, 4000]) {
    setTimeout(() => fillAll([...document.querySelectorAll(FORMS)].filter((form) => fieldsOf(form).every(isAsDrawn))), later);
  }
}
