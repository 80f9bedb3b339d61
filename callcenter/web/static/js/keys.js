/* The keys of a page: an element with data-key is pressed by that key. They come from one registry (web/keys.py).

   data-key="F2", "Escape", "Enter", "PageDown", "n", "1", "?" or "Control+k".
   Only visible, enabled elements count; while a dialog is open, only those inside it. Characters never fire while somebody
   types. Digits go by the physical key, since the upper row of a French keyboard gives "&é" without Shift. */

import { bind, say } from "./frame.js";

const FIELDS = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable=true]";
const PRESSABLE = "a[href], button, summary, input, select, textarea, [tabindex]";
// Keys that browsers take for themselves and that a desk must not lose: search, caret browsing, menus, tools.
const OURS = new Set(document.body.dataset.functionKeys?.split(" "));

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const key = nameOf(event);
  if (OURS.has(key) && document.querySelector(".softkeys")) event.preventDefault();
  if (key === "Escape" && leaveField()) {
    event.preventDefault();
    return;
  }
  if (event.repeat && !key.startsWith("Page") && !key.startsWith("Arrow")) return;
  if (!answersNow(key)) return;

  let dead;
  const element = elementFor(key);
  if (element) {
    event.preventDefault();
    press(element);
  } else if ((dead = deadKey(key))) {
    say(dead.dataset.why); // a key that cannot act says so: what is typed after it goes elsewhere
  } else if ((key === "PageUp" || key === "PageDown") && moveRow(key === "PageDown" ? 1 : -1)) {
    event.preventDefault();
  }
});

/* ---------- A softphone embedded in the page gives back the keys that are no typing ---------- */
addEventListener("message", (event) => {
  const frame = [...document.querySelectorAll("iframe")].find((one) => one.contentWindow === event.source);
  const key = event.data?.key;
  if (!frame || event.origin !== new URL(frame.src).origin || !/^(F\d{1,2}|Escape)$/.test(key)) return;
  frame.blur();
  if (key === "Escape") return; // it leaves that page, as it leaves a field: only the next one means what it means here
  document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
});

/** The key as data-key writes it. */
function nameOf(event) {
  const digit = /^Digit(\d)$/.exec(event.code);
  const pad = /^Numpad(\d)$/.exec(event.code);
  let name = event.key;
  if (digit && !event.shiftKey && !event.ctrlKey && !event.altKey) name = digit[1];
  else if (pad && /^\d$/.test(event.key)) name = pad[1];
  else if (name.length === 1) name = name.toLowerCase();
  const held = [event.ctrlKey && "Control", event.altKey && "Alt", event.metaKey && "Meta"].filter(Boolean);
  // AltGr arrives as Control+Alt and only serves to type a character.
  if (event.getModifierState?.("AltGraph")) return name;
  if (event.shiftKey && name.length > 1) held.push("Shift");
  return [...held, name].join("+");
}

function answersNow(key) {
  const focused = document.activeElement;
  const typing = focused?.matches(FIELDS) ?? false;
  if (key === "Control+z") return !typing; // in a field it takes back what was typed
  if (key === " " && focused?.matches("[type=radio]:checked")) return true; // Space would choose it once more
  if (key === "Enter" || key === " ") return !typing && !focused?.matches(PRESSABLE);
  if (key.startsWith("Arrow") && focused?.matches("[type=radio]")) return false; // they choose among the radios
  if (key.length === 1 || /^(Arrow|Home|End)/.test(key)) return !typing;
  if (key.startsWith("Page")) return !focused?.matches("textarea, select");
  return true;
}

/** Escape gives the keyboard back; only the next one means what it means on the page. A dialog closes at once. */
function leaveField() {
  const field = document.activeElement;
  if (!field?.matches(FIELDS) || field.closest("dialog:modal")) return false;
  field.blur();
  return true;
}

function deadKey(key) {
  const all = [...scope().querySelectorAll("[data-key][data-why]:disabled")];
  return all.find((one) => keyOf(one) === key && !one.closest("[inert]") && one.checkVisibility());
}

function scope() {
  const open = [...document.querySelectorAll("dialog[open]")];
  return open.find((one) => one.id === "emergency-layer") ?? open.at(-1) ?? document;
}

/** An emergency waits for no dialog to be closed: its key is found behind any, and closes it. */
function elementFor(key) {
  const named = (element) => keyOf(element) === key;
  // Two groups of choices side by side have the same digits: they go to the one that has the keyboard.
  const group = document.activeElement?.closest("[data-digits]");
  const here = (group && candidates(group).find(named)) ?? candidates(scope()).find(named);
  if (here || key !== "F12") return here;
  const emergency = candidates(document).find(named);
  if (emergency) for (const one of document.querySelectorAll("dialog:modal")) one.close();
  return emergency;
}

function candidates(place) {
  return [...place.querySelectorAll("[data-key]")].filter(
    (element) => !element.disabled && element.getAttribute("aria-disabled") !== "true" && !element.closest("[inert]") && element.checkVisibility(),
  );
}

function keyOf(element) {
  const key = element.dataset.key;
  return key.length === 1 ? key.toLowerCase() : key;
}

function press(element) {
  if (element.matches(FIELDS)) {
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  } else {
    // htmx binds what is new 20 ms after a swap: in between, the element would ask for what it stood for before.
    bind(element.form ?? element);
    element.click();
    // The ring is where the choice is: among radios it goes along with the digit.
    const focused = document.activeElement;
    if (element.type === "radio" && focused?.type === "radio" && focused.name === element.name) element.focus();
  }
}

/* ---------- Rows: PageUp and PageDown choose, Enter is the browser's own ---------- */
function moveRow(step) {
  const lists = [...scope().querySelectorAll("[data-rows]")].filter((one) => one.checkVisibility());
  const list = lists.find((one) => one.contains(document.activeElement)) ?? lists[0];
  const rows = list ? [...list.querySelectorAll("[data-row]")] : [];
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + step, 0), rows.length - 1);
  const row = rows[next];
  for (const one of rows) one.classList.toggle("chosen", one === row);
  (row.matches(PRESSABLE) ? row : row.querySelector(PRESSABLE))?.focus();
  return true;
}
