import { e164, follow, grow, name, readable, send } from "./conversation.js";

const dialler = document.querySelector("#dialler");
const phones = document.querySelector(".phones");
const numbers = document.querySelector(".numbers");
const others = document.querySelector("#others");
const banner = document.querySelector("#lost");
const why = document.querySelector("#why");
const model = document.querySelector("template").content.firstElementChild;
const cards = new Map();
let mine = JSON.parse(sessionStorage.getItem("calls") || "[]");

const STATES = { queued: "Numérotation", ringing: "Sonne", "in-progress": "En ligne", completed: "Terminé", busy: "Occupé",
  "no-answer": "Sans réponse", failed: "Échec", canceled: "Abandonné" };

// Numbers kept for fiction: nobody is called by mistake if one is copied elsewhere.
const fresh = () => "06 39 98 " + String(Math.random()).slice(2, 4) + " " + String(Math.random()).slice(2, 4);
dialler.from.value = fresh();

function keep(sid) { if (!mine.includes(sid)) mine.push(sid); remember(); }
function remember() { mine = mine.slice(-12); sessionStorage.setItem("calls", JSON.stringify(mine)); }

dialler.hidden_number.addEventListener("change", () => (dialler.from.disabled = dialler.hidden_number.checked));
dialler.addEventListener("submit", async (event) => {
  event.preventDefault();
  why.hidden = true;
  const from = dialler.hidden_number.checked ? "anonymous" : e164(dialler.from.value);
  try {
    const call = await send("/network/calls", { from, to: e164(dialler.to.value) });
    keep(call.sid);
    dialler.from.value = fresh();
    await refresh();
    cards.get(call.sid)?.querySelector(".say input").focus();
  } catch (error) { why.textContent = error.message; why.hidden = false; }
});

let reading = false, again = false;
async function refresh() {
  if (reading) { again = true; return; }
  reading = true;
  try {
    const board = await (await fetch("/network/board?calls=" + mine.join(","))).json();
    const shown = [...board.calls, ...board.ringing];
    const sids = new Set(shown.map((call) => call.sid));
    for (const [sid, card] of cards) if (!sids.has(sid)) { card.remove(); cards.delete(sid); }
    for (const call of shown) show(call);
    document.querySelector(".empty").hidden = shown.length > 0;
    list(board);
  } finally { reading = false; }
  if (again) { again = false; await refresh(); }
}

function show(call) {
  let card = cards.get(call.sid);
  if (!card) {
    card = model.cloneNode(true);
    cards.set(call.sid, card);
    wire(card, call.sid);
    phones.append(card);
  }
  const over = Boolean(call.ended_at), inbound = call.direction === "inbound";
  card.classList.toggle("rings", call.rings);
  card.classList.toggle("over", over);
  card.querySelector(".own").textContent = readable(inbound ? call.from : call.to);
  card.querySelector(".other").textContent = inbound ? "appelle " + label(call.to) : "appelé par " + label(call.from);
  const badge = card.querySelector(".badge");
  badge.textContent = over ? STATES[call.status] : call.hold ? "En garde" : call.rings ? "Sonne"
    : call.in_conference && !call.with.length ? "Patiente" : STATES[call.status] || call.status;
  badge.className = "badge " + (call.hold ? "attn" : !over && call.with.length ? "ok" : "");
  card.querySelector(".with").textContent = call.with.length ? "Avec " + call.with_names.map(name).join(", ") : "";
  card.querySelector(".ring").hidden = !call.rings;
  card.querySelector(".live").hidden = over || call.rings;
  card.querySelector(".close").hidden = !over;
  grow(card.querySelector(".talk"), call);
}

const labels = new Map();
const label = (number) => labels.get(number) || readable(number);

function wire(card, sid) {
  const act = async (what, body) => {
    const told = card.querySelector(".told");
    told.hidden = true;
    try { await send(`/network/calls/${sid}/${what}`, body); return true; }
    catch (error) { told.textContent = error.message; told.hidden = false; return false; }
  };
  const say = card.querySelector(".say");
  say.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = say.text.value.trim();
    if (text && await act("say", { text })) say.text.value = "";
  });
  card.querySelector(".keys").addEventListener("click", (event) => {
    if (event.target.value) act("digits", { digits: event.target.value });
  });
  card.querySelector(".hang-up").addEventListener("click", () => act("hangup"));
  card.querySelector(".answer").addEventListener("click", async () => { keep(sid); if (await act("answer")) say.text.focus(); });
  card.querySelector(".decline").addEventListener("click", () => act("decline"));
  card.querySelector(".close").addEventListener("click", () => {
    mine = mine.filter((one) => one !== sid);
    remember();
    card.remove();
    cards.delete(sid);
    refresh();
  });
}

let listed = "";
function list(board) {
  others.textContent = board.others_count
    ? `${board.others_count} autre${board.others_count > 1 ? "s" : ""} en ligne sur le réseau` : "";
  const now = JSON.stringify(board.numbers);
  if (now === listed) return;
  listed = now;
  numbers.replaceChildren(...board.numbers.filter((one) => one.label).map(({ number, label: words }) => {
    labels.set(number, words);
    const item = document.createElement("li"), button = document.createElement("button"), digits = document.createElement("span");
    button.type = "button";
    digits.className = "num";
    digits.textContent = readable(number);
    button.append(words, digits);
    button.addEventListener("click", () => { dialler.to.value = readable(number); dialler.to.focus(); });
    item.append(button);
    return item;
  }));
  if (!dialler.to.value && board.numbers.length) dialler.to.value = readable(board.numbers[0].number);
}

follow("/live", refresh, (gone) => (banner.hidden = !gone));
