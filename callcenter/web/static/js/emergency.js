/* The emergency card. Its keys are declared like all others (keys.js); here is what a declaration cannot say. */

const layer = document.querySelector("#emergency-layer");
const card = () => document.querySelector("#relay");

/* Over the desk the card is a layer: the telephone embedded in the desk is never reloaded, and stays at hand beside the
   card. A modal dialog would put that telephone out of reach, so the style hides the rest of the desk instead. */
function show() {
  if (!layer) return;
  if (card() && !layer.open) {
    layer.show();
    document.activeElement?.blur(); // on no field and no button: Enter must mean the card's own Enter
    layer.scrollTop = 0; // opening chose the first field, and on a telephone scrolled the number away
  }
  if (!card() && layer.open) layer.close();
  document.querySelector(".topbar").inert = layer.open; // nobody signs out of an emergency by a slip
}
// With the swap and not once it has settled: Enter and F6 mean the card as soon as it can be seen.
document.body.addEventListener("htmx:afterSwap", show);
document.body.addEventListener("htmx:afterSettle", followSteps);
document.body.addEventListener("relay-closed", () => (layer ? show() : location.assign("/desk")));
show();
// Read while it was being closed: nothing is wrong, and no sentence about it takes the place of one that matters.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { verb, path } = detail.requestConfig ?? {};
  if (detail.xhr.status === 404 && verb === "get" && path.startsWith("/desk/emergency") && !card()) detail.shouldSwap = false;
});

/* ---------- A new step brings itself and what is left into sight; between two steps she may look back ---------- */
let followed = "";
function followSteps() {
  const list = document.querySelector("#relay-steps .timeline");
  const done = list?.querySelectorAll(".done") ?? [];
  const now = list ? `${card().dataset.call} ${done.length}` : "";
  if (now === followed) return;
  followed = now;
  if (list) list.scrollTop = done[done.length - 1]?.offsetTop ?? 0;
}
followSteps();
addEventListener("resize", () => {
  followed = ""; // a window of another height would cut a step through
  followSteps();
});

/* ---------- Escape or Enter in a field leaves the field; only the next one means the card's own ---------- */
// Whoever has written the address goes on with digits and Enter; a new line of it is Shift+Enter.
addEventListener("keydown", (event) => {
  const leaves = event.key === "Escape" || (event.key === "Enter" && !event.shiftKey && !event.isComposing);
  const field = leaves && event.target.closest?.(":is(#relay-place, [data-offline-place]) :is(input, textarea)");
  if (!field) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  field.blur();
}, { capture: true });

document.addEventListener("click", (event) => {
  const pointer = event.target.closest?.("[data-focuses]");
  if (pointer) document.querySelector(pointer.dataset.focuses)?.focus();
  // Confirmed: what is pressed next answers the question. With nothing to confirm, she is asked to write it.
  else if (event.target.closest?.("#relay-reads-back")) leaveAddress();
  // A button left focused by the mouse would take the next Enter away from dialling.
  else if (event.detail > 0) event.target.closest?.("#relay button")?.blur();
});

function leaveAddress() {
  const address = document.querySelector("#relay-address");
  if (address.value.trim()) document.activeElement?.blur();
  else address.focus();
}

/* ---------- What is changed after it was read back was not read back: said at once, not when it is kept ---------- */
function compareWithRead() {
  const place = document.querySelector("#relay-read-back");
  const form = document.querySelector("#relay-place");
  if (!place || !form) return;
  const read = place.dataset.read ? JSON.parse(place.dataset.read) : null;
  const isRead = read !== null && Object.entries(read).every(([name, said]) => isSame(name, form.elements[name].value, said));
  if (read) {
    place.querySelector(".badge").hidden = !isRead;
    place.querySelector("form").hidden = isRead;
  }
  for (const word of document.querySelectorAll("#relay-keys [data-address]")) word.hidden = word.dataset.address !== addressIs(form, isRead);
}

function addressIs(form, isRead) {
  if (isRead) return "read";
  return form.elements.address.value.trim() ? "noted" : "open";
}

/** As the server keeps them: spaces do not count, and a number is the same with and without its country. */
function isSame(name, typed, said) {
  if (name !== "callback") return typed.replace(/\s+/g, " ").trim() === said.replace(/\s+/g, " ").trim();
  const [one, other] = [typed, said].map((number) => number.replace(/\D/g, "").replace(/^0+/, ""));
  return one === other || (Math.min(one.length, other.length) > 5 && (one.endsWith(other) || other.endsWith(one)));
}
for (const drawn of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.body.addEventListener(drawn, compareWithRead);
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#relay-place")) compareWithRead();
});
compareWithRead();

/* ---------- What is typed goes every three seconds, and when the page goes ---------- */
let due = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("#relay-place");
  if (!form || due) return;
  due = setTimeout(() => {
    due = 0;
    if (form.isConnected) form.dispatchEvent(new CustomEvent("relay:typing"));
  }, 3000);
});
addEventListener("pagehide", () => {
  const form = document.querySelector("#relay-place");
  if (form && due) navigator.sendBeacon(form.action, new FormData(form));
});
