/* A call rings: two soft notes, the title and the icon blink, and the system says so when the page is not in front.

   It lasts as long as an element with data-ringing is on the page; data-ringing-title is what is said. */

const title = document.title;
const icon = document.querySelector("link[rel=icon]");
let audio = null;
let ringing = "";
let repeating = 0;
let notice = null;

// Browsers let a page sound only after it was touched once.
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, () => {
    audio ??= "AudioContext" in window ? new AudioContext() : null;
    if (audio?.state === "suspended") audio.resume();
  }, { capture: true });
}

function look() {
  const offered = document.querySelector("[data-ringing]");
  const which = offered?.dataset.ringing || (offered ? "call" : "");
  if (which === ringing) return;
  stop();
  ringing = which;
  if (offered) start(offered.dataset.ringingTitle || title);
}

function start(sentence) {
  let shown = false;
  const blink = () => {
    shown = !shown;
    document.title = shown ? sentence : title;
    if (icon) icon.href = shown ? icon.dataset.ringingIcon : icon.dataset.quiet;
    if (shown) chime();
  };
  blink();
  repeating = setInterval(blink, 1000);
  if (document.hidden && "Notification" in window && Notification.permission === "granted") {
    notice = new Notification(sentence, { tag: "ringing", requireInteraction: true });
    notice.addEventListener("click", () => { window.focus(); notice?.close(); });
  }
}

function stop() {
  clearInterval(repeating);
  notice?.close();
  notice = null;
  document.title = title;
  if (icon) icon.href = icon.dataset.quiet;
}

function chime() {
  if (audio?.state !== "running") return;
  note(587.33, audio.currentTime);
  note(739.99, audio.currentTime + 0.22);
}

function note(pitch, at) {
  const tone = new OscillatorNode(audio, { type: "sine", frequency: pitch });
  const loud = new GainNode(audio, { gain: 0 });
  tone.connect(loud).connect(audio.destination);
  loud.gain.setValueAtTime(0, at);
  loud.gain.linearRampToValueAtTime(0.16, at + 0.03);
  loud.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
  tone.start(at);
  tone.stop(at + 0.55);
}

new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-ringing"] });
look();
