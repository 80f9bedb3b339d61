/* The transfer's list is shortened by what is typed, arrows choose in it; and the keypad of digits. */

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const digits = (text) => text.replace(/[^\d+]/g, "");

/* ---------- Typing shortens the list; the first that is left is chosen ---------- */
document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-transfer] [data-filter]")) filter(event.target.form);
});

function filter(form) {
  const typed = form.querySelector("[data-filter]").value;
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const number = digits(typed);
  for (const row of form.querySelectorAll("[data-target]")) {
    const found = words.every((word) => plain(row.dataset.words).includes(word));
    const dialled = number.length > 3 && digits(row.dataset.words).includes(number.replace(/^0/, ""));
    row.hidden = !(found || dialled);
  }
  form.querySelector("[data-number]").hidden = number.length < 2;
  choose(form, 0);
}

/** Choose the row this many after the chosen one; 0 keeps it, or takes the first when it is hidden. */
function choose(form, step) {
  const radios = [...form.querySelectorAll("[name=target]")].filter((radio) => !radio.disabled && !radio.closest("li").hidden);
  const here = radios.findIndex((radio) => radio.checked);
  const next = radios[here < 0 ? 0 : Math.min(Math.max(here + step, 0), radios.length - 1)];
  for (const radio of form.querySelectorAll("[name=target]")) radio.checked = radio === next;
  next?.closest("li").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || !event.target.matches?.("[data-transfer] [data-filter]")) return;
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  choose(event.target.form, event.key === "ArrowDown" ? 1 : -1);
});

document.body.addEventListener("htmx:afterSwap", () => {
  const form = document.querySelector("#ask [data-transfer]:not([data-ready])");
  if (!form) return;
  form.dataset.ready = "yes";
  filter(form);
});

/* ---------- Digits, through the telephone in this browser ---------- */
const keypad = document.querySelector("#keypad");
const sent = keypad?.querySelector("[data-sent]");

keypad?.addEventListener("frame:opens", () => {
  keypad.querySelector("[data-when-softphone]").hidden = !talksHere();
  keypad.querySelector("[data-without-softphone]").hidden = talksHere();
  sent.textContent = "\u00a0";
});

// Her call may ring on a telephone of her own, which has its own keys.
const talksHere = () => window.softphone?.state === "talking";

function send(digit) {
  if (!talksHere()) return;
  window.softphone.sendDigits(digit);
  sent.textContent = (sent.textContent.trim() + digit).slice(-24);
}

keypad?.addEventListener("click", (event) => {
  const digit = event.target.closest?.("[data-digit]")?.dataset.digit;
  if (digit) send(digit);
});

// The upper row of a French keyboard gives its digits with Shift only: the physical key counts, as elsewhere.
keypad?.addEventListener("keydown", (event) => {
  const row = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  const digit = /^[\d*#]$/.test(event.key) ? event.key : row;
  if (!digit || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  send(digit);
});
