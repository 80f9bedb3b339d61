/* Looking for a person: from the search to those found, from one to the next, and never out from under her fingers. */

const $ = (selector, root = document) => root.querySelector(selector);

/* ---------- From the search to those found: Enter or the arrow goes to the first, then digits choose ---------- */
// Escape empties it, and leaves it once it is empty: there, digits and letters would only be typed.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !event.target.matches?.(".finder [type=search]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.target.value) return event.target.blur();
  event.target.value = "";
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
}, { capture: true });
document.addEventListener("keydown", (event) => {
  if (!["Enter", "ArrowDown"].includes(event.key) || event.isComposing || !event.target.matches?.("[role=search] [type=search]")) return;
  const first = $(".found .person", event.target.closest("form").parentElement);
  if (first) {
    event.preventDefault();
    first.focus();
  } else if (event.key === "Enter" && openNewPatient(event.target)) {
    event.preventDefault();
  } // else Enter searches, as in any form
});

/** What nobody answers to becomes the new patient's name, number or date of birth; false until the search has said so. */
function openNewPatient(search) {
  const finder = search.closest(".finder");
  const form = finder && $(".new-patient", finder);
  const typed = search.value.trim();
  if (!form || !typed || $("[data-nobody]", finder)?.dataset.nobody !== typed) return false;
  const name = /^\d{1,2}[./-]\d{1,2}[./-]\d{4}$/.test(typed) ? "birth_on" : /^\+?[\d .-]+$/.test(typed) ? "phone" : "family_name";
  const field = $(`[name="${name}"]`, form);
  field.value = typed;
  field.dispatchEvent(new Event("input", { bubbles: true })); // it is kept like what is typed there
  form.open = true;
  return true;
}

/* ---------- From one found to the next ---------- */
document.addEventListener("keydown", (event) => {
  const person = event.target.closest?.(".found-over .person");
  if (!person || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const all = [...person.closest(".found-over").querySelectorAll(".person")];
  const next = all[all.indexOf(person) + (event.key === "ArrowDown" ? 1 : -1)];
  event.preventDefault();
  event.stopImmediatePropagation();
  (next ?? $("[type=search]", person.closest(".finder")))?.focus();
}, { capture: true });

/* ---------- Found once more while the keyboard is there: it stays with the same person ---------- */
// What was typed last may be answered after Enter went to what was found before. Somebody else, whom she has not seen there,
// must not be what the next Enter chooses: then it is back in the search.
let left = null;
document.body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const person = document.activeElement?.closest?.(".found .person");
  const finder = person?.closest(".finder");
  left = finder && target !== finder && finder.contains(target) && target.contains(person) ? { finder, id: idOf(person) } : null;
});
document.body.addEventListener("htmx:afterSwap", () => {
  if (left && document.activeElement === document.body) {
    const all = [...left.finder.querySelectorAll(".found .person")];
    (all.find((one) => idOf(one) === left.id) ?? $("[type=search]", left.finder))?.focus();
  }
  left = null;
});

function idOf(person) {
  return person.closest("form")?.elements.patient_id?.value;
}
