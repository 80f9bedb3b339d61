/* Dialogs that the server draws on the board become modal; Escape closes them, and so does what was done. */

const place = () => document.querySelector("#ask");

function openDialog() {
  const dialog = place()?.querySelector("dialog");
  if (!dialog || dialog.matches(":modal")) return;
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.addEventListener("close", () => dialog.remove(), { once: true });
  dialog.querySelector("[data-first]")?.focus();
}

document.body.addEventListener("htmx:afterSwap", openDialog);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#ask [data-close]")) event.preventDefault();
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr } = event.detail;
  if (elt.closest?.("#ask") && successful && xhr.status === 204) elt.closest("dialog")?.close();
});
