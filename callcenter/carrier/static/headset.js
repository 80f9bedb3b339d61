import { follow, grow, name, readable, send } from "./conversation.js";

const page = document.querySelector(".headset");
const [title, state, talk, idle, form, input, banner] =
  ["#who", "#state", ".talk", ".idle", "form", "input", ".banner"].map((one) => page.querySelector(one));
let current = null;

follow(page.dataset.live, (data) => show(JSON.parse(data)), (gone) => (banner.hidden = !gone));

function show(call) {
  current = call;
  for (const part of [talk, form]) part.hidden = !call;
  idle.hidden = Boolean(call);
  if (!call) { title.textContent = "Casque"; state.textContent = "En veille"; state.className = "badge"; return; }
  const others = call.with_names.map((one, place) => name(one) + (call.with_held[place] ? " (en garde)" : ""));
  title.textContent = others.join(", ") || (call.in_conference ? "Seul en ligne" : readable(call.from));
  state.textContent = call.rings ? "Sonne" : call.hold ? "En garde" : others.length ? "En ligne" : "Attente";
  state.className = "badge " + (call.hold ? "attn" : others.length ? "ok" : "");
  grow(talk, call);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text || !current) return;
  try {
    await send(`/network/calls/${current.sid}/say`, { text });
    input.value = "";
  } catch (error) { input.setCustomValidity(error.message); input.reportValidity(); input.setCustomValidity(""); }
});

// Embedded in a desk, this page has the keyboard while somebody speaks: what is no typing goes back to the desk, so that
// its keys, the emergency's first of all, answer from here too. Escape gives the keyboard back, and the page says so.
page.querySelector("#leaving").hidden = parent === window;
addEventListener("keydown", (event) => {
  if (parent === window || event.isComposing || event.repeat) return;
  if (!/^(F\d{1,2}|Escape)$/.test(event.key)) return;
  event.preventDefault();
  parent.postMessage({ key: event.key }, "*"); // the desk's address is not known here, and the name of a key is no secret
});
