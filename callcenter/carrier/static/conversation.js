// Shared by the telephones and the headset: words, numbers, and a conversation that only ever grows.
const WHO = { voice: "Message enregistré", music: "Musique d'attente", carrier: "Réseau", anonymous: "Numéro masqué" };
const NOTES = { held: "En garde", resumed: "De nouveau en ligne" };
const ROLES = [[/^(patient|caller)/i, "Patient"], [/^(operator|agent)/i, "Secrétariat"],
  [/^(emergency|samu|relay|regulator)/i, "Urgences"], [/^(practitioner|doctor)/i, "Médecin"], [/^(supervisor|coach)/i, "Superviseure"]];

/** A French number in national pairs; anything else as it is. */
export function readable(address) {
  if (!address || address === "anonymous") return "Numéro masqué";
  const french = /^\+33(\d{9})$/.exec(address);
  if (french) return ("0" + french[1]).replace(/(\d\d)(?=\d)/g, "$1\u00a0");
  return address.replace(/^client:/, "");
}

/** What a person types, in international form. */
export function e164(typed) {
  const digits = typed.replace(/[\s.\-()\u00a0]/g, "");
  return /^0[1-9]\d{8}$/.test(digits) ? "+33" + digits.slice(1) : digits.replace(/^00/, "+");
}

export function name(who) {
  if (WHO[who]) return WHO[who];
  const role = ROLES.find(([pattern]) => pattern.test(who));
  return role ? role[1] : readable(who);
}

/** Adds the lines a list does not show yet; what is there is never touched. */
export function grow(list, call) {
  keepFoot(list);
  if (list.dataset.sid !== call.sid) {
    list.replaceChildren();
    list.dataset.sid = call.sid;
    Object.assign(reading.get(list), { follows: true, top: 0 });
  }
  for (const line of call.transcript.slice(list.children.length)) {
    const item = document.createElement("p");
    const words = line.kind === "note"
      ? NOTES[line.text] || line.text.replace(/^keys /, "Touches\u00a0: ")
      : line.who === "music" ? WHO.music : line.text;
    if (line.kind === "note" || line.who === "music") item.className = "quiet";
    else {
      item.className = line.kind;
      const who = document.createElement("span");
      who.className = line.kind === "said" ? "sr" : "who";
      who.textContent = line.kind === "said" ? "Vous\u00a0: " : name(line.who);
      item.append(who);
    }
    item.append(words.replace(/ (?=[?!:;»])/g, "\u202f")); // no line begins with a sign
    list.append(item);
  }
  toFoot(list);
}

// The list stays at its foot until its reader scrolls up, and again once she is back there. Whether it was there is
// remembered: asked of a list that has just been made lower, the answer would be no, and the words would stay behind.
const reading = new WeakMap();
const sizes = new ResizeObserver((changes) => { for (const { target } of changes) toFoot(target); });
function keepFoot(list) {
  if (reading.has(list)) return;
  reading.set(list, { follows: true, top: 0 });
  sizes.observe(list);
  list.addEventListener("scroll", () => {
    const at = reading.get(list);
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 40) at.follows = true;
    else if (list.scrollTop < at.top) at.follows = false;
    at.top = list.scrollTop;
  });
}
function toFoot(list) {
  const at = reading.get(list);
  if (!at.follows) return;
  list.scrollTop = list.scrollHeight;
  at.top = list.scrollTop;
}

/** A stream that rests while its page is hidden: a browser opens only six to one address. */
export function follow(url, heard, lost) {
  let stream = null;
  const open = () => {
    if (stream || document.hidden) return;
    stream = new EventSource(url);
    stream.onmessage = (event) => { lost(false); heard(event.data); };
    stream.onerror = () => {
      lost(true);
      if (stream && stream.readyState === EventSource.CLOSED) { stream = null; setTimeout(open, 1000); }
    };
  };
  const close = () => { if (stream) { stream.close(); stream = null; } };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  open();
}

/** Posts JSON; answers what came back, or throws a sentence. */
export async function send(path, body, method = "POST") {
  const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error || "Le réseau n'a pas pu le faire.");
  return said;
}
