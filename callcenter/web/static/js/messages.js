/* The form of a message: the practice's own fields come with their form, Enter sends, Shift+Enter is a new line. */

const FORM = "form[data-message]";

function showFields(form) {
  const chosen = form.querySelector("[name=template]:checked")?.value ?? "";
  for (const fields of form.querySelectorAll("[data-template]")) fields.classList.toggle("chosen", fields.dataset.template === chosen);
}

// A form of the practice begins with its own urgency; what she has chosen herself after it stays.
document.addEventListener("input", (event) => {
  const template = event.target;
  if (!template.matches?.(`${FORM} [name=template]`)) return;
  showFields(template.form);
  if (event.detail === "restored") return;
  const urgency = template.form.querySelector(`[name=urgency][value="${template.dataset.urgency ?? "routine"}"]`);
  if (urgency) urgency.checked = true;
  template.form.elements.may_answer.value = template.dataset.mayAnswer ?? "practice";
});

// Chosen for whom by a digit or a pointer, with nothing noted yet: what she says next is what is to be written. Arrows go on
// among the names, and where words stand already Enter sends them.
let lastKey = "";
document.addEventListener("keydown", (event) => { lastKey = event.key; }, { capture: true });
document.addEventListener("change", (event) => {
  const whom = event.target;
  if (!whom.matches?.(`${FORM} [name=whom]`) || event.detail === "restored" || lastKey.startsWith("Arrow")) return;
  if (!whom.form.elements.words.value.trim()) whom.form.elements.words.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.repeat) return;
  if (!event.target.matches?.(`${FORM} :is(textarea, select)`)) return;
  event.preventDefault();
  event.target.form.requestSubmit(event.target.form.querySelector(".primary"));
});

// What she wrote on the card an instant ago may not have reached the server when this form was drawn.
document.body.addEventListener("htmx:afterSwap", () => {
  const form = document.querySelector(`#ask ${FORM}:not([data-ready])`);
  if (!form) return;
  form.dataset.ready = "yes";
  showFields(form);
  const own = document.querySelector("#desk-card .words textarea:not(:disabled)");
  const words = form.elements.words;
  if ("fresh" in form.dataset && own?.value.trim() && own.value.trim() !== words.value.trim()) words.value = own.value;
});
