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

/* Escape in a field leaves the field; only the next one closes the card. */
addEventListener("keydown", (event) => {
  const field = event.target.closest?.(":is(#relay-place, [data-offline-place]) :is(input, textarea)");
  if (event.key !== "Escape" || !field) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  field.blur();
}, { capture: true });

document.addEventListener("click", (event) => {
  const pointer = event.target.closest?.("[data-focuses]");
  if (pointer) document.querySelector(pointer.dataset.focuses)?.focus();
  // A button left focused by the mouse would take the next Enter away from dialling.
  else if (event.detail > 0) event.target.closest?.("#relay button")?.blur();
});

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
