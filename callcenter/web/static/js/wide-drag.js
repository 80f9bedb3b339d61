/* An appointment is moved with the mouse as by keyboard: taken up, it shows where it fits; let go on such a time, it asks once.

   What cannot be had is said before it is let go: only free times of this visit catch it, the ghost says the rest. */

const START_AFTER = 6; // pixels; less is a click
const $ = (selector, root = document) => root.querySelector(selector);

let carried = null; // {id, x, y, ghost, target}
let wasDragged = false;

document.addEventListener("pointerdown", (event) => {
  const visit = event.target.closest?.("#wide-agenda [data-movable]");
  if (!visit || event.button || event.pointerType === "touch" || $("#wide-agenda [data-col] .picked")) return;
  carried = { id: visit.dataset.appointment, x: event.clientX, y: event.clientY, ghost: null, target: null, visit };
});

document.addEventListener("pointermove", (event) => {
  if (!carried) return;
  if (!carried.ghost) {
    if (Math.hypot(event.clientX - carried.x, event.clientY - carried.y) < START_AFTER) return;
    takeUp();
  }
  event.preventDefault();
  place(event.clientX, event.clientY);
});

document.addEventListener("pointerup", () => letGo(carried?.target?.href));
document.addEventListener("pointercancel", () => letGo());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !carried?.ghost) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  letGo();
}, { capture: true });
// The release of a drag is no click.
document.addEventListener("click", (event) => {
  if (!wasDragged) return;
  wasDragged = false;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

function takeUp() {
  carried.ghost = carried.visit.cloneNode(true);
  carried.ghost.removeAttribute("id");
  carried.ghost.className += " wide-ghost";
  document.body.append(carried.ghost);
  document.body.classList.add("dragging-visit");
  // The grid now shows where this visit can be, for its length and its patient.
  document.dispatchEvent(new CustomEvent("wide:go", { detail: mode(`move=${carried.id}`) }));
}

function place(x, y) {
  const { ghost } = carried;
  ghost.style.left = `${x + 8}px`;
  ghost.style.top = `${y + 8}px`;
  const target = nearest(x, y);
  if (target !== carried.target) carried.target?.classList.remove("target");
  target?.classList.add("target");
  carried.target = target;
  ghost.classList.toggle("nowhere", !target);
}

/** The free time under the pointer, or within half a row of it. */
function nearest(x, y) {
  const column = document.elementsFromPoint(x, y).find((one) => one.matches?.("[data-col]"));
  if (!column || !$("#wide-agenda")?.dataset.moving) return null;
  for (const free of column.querySelectorAll(".free[data-cell]")) {
    const { top, bottom } = free.getBoundingClientRect();
    if (y >= top - 4 && y <= bottom + 4) return free;
  }
  return null;
}

function letGo(address) {
  if (!carried) return;
  const { ghost } = carried;
  carried = null;
  if (!ghost) return;
  ghost.remove();
  document.body.classList.remove("dragging-visit");
  wasDragged = true;
  setTimeout(() => { wasDragged = false; }, 0);
  document.dispatchEvent(new CustomEvent("wide:go", { detail: address ?? `/agenda${$("#wide-agenda").dataset.unchosen}` }));
}

function mode(does) {
  return `/agenda${$("#wide-agenda").dataset.unchosen}&${does}`;
}
