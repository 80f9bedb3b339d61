/* The wall reloads when the product behind it has changed, and says when its figures stand still. */

const body = document.body;

body.addEventListener("htmx:afterSettle", () => {
  const version = document.querySelector("#wall-figures")?.dataset.version;
  if (version && version !== body.dataset.version) location.reload();
});
body.addEventListener("live:down", () => body.classList.add("cut-off"));
body.addEventListener("live:up", () => body.classList.remove("cut-off"));
