/* Signals of the server become events of the page: topic:<name>, live:up, live:down, live:reconnect, all on the body.

   Regions listen with hx-trigger and re-read themselves; after a cut everything is re-read. */

const body = document.body;
const address = new URL(body.dataset.live, location.href).href;

function fire(name) {
  body.dispatchEvent(new CustomEvent(name));
}

function hear({ state, topic }) {
  if (topic) {
    fire(`topic:${topic}`);
    return;
  }
  if (state !== "reconnect") body.dataset.connection = state;
  fire(`live:${state}`);
  if (state === "up" && !caughtUp) catchUp();
}

/* What changed between the drawing of this page and its first hearing was told to nobody here: everything is re-read. */
let caughtUp = false;
function catchUp() {
  caughtUp = true;
  const readAll = () => {
    fire("live:reconnect");
    body.dataset.caughtUp = "yes";
  };
  if (document.readyState === "complete") readAll();
  else addEventListener("load", readAll, { once: true });
}

/* ---------- A region whose reading failed is read again: nothing else may change for minutes, and it would be old ---------- */
// Not while the stream is cut (then everything is re-read), nor beside an emergency that the database does not know of (it
// needs the connections, and everything is re-read after it), and not after a refusal, which stays one.
const PASSING = new Set([0, 429, 502, 503, 504]);
const tries = new WeakMap();
body.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt: region, requestConfig, successful, xhr } = detail;
  if (!region?.getAttribute?.("hx-trigger")?.includes("live:reconnect") || requestConfig?.verb !== "get") return;
  if (successful || !PASSING.has(xhr.status)) {
    tries.delete(region);
    return;
  }
  const nth = (tries.get(region) ?? 0) + 1;
  tries.set(region, nth);
  const wait = Math.min(15_000, 500 * 2 ** nth) * (0.75 + Math.random() / 2);
  setTimeout(() => {
    if (document.querySelector("#relay.offline")) return;
    if (region.isConnected && tries.get(region) === nth && body.dataset.connection !== "down") {
      htmx.ajax("GET", region.getAttribute("hx-get"), { source: region });
    }
  }, wait);
});

if ("SharedWorker" in window) {
  // Named after the person: whoever signs in next in this browser gets a stream of her own.
  const worker = new SharedWorker(new URL("live-worker.js", import.meta.url), { name: `live-${body.dataset.liveAs}` });
  // A worker that could not be fetched (the product was just restarted) says nothing, for as long as the page is open.
  const silent = setTimeout(openHere, 10_000);
  worker.port.addEventListener("message", ({ data }) => {
    clearTimeout(silent);
    hear(data);
  });
  worker.port.start();
  worker.port.postMessage({ address });
  addEventListener("pagehide", () => worker.port.postMessage({ leaves: true }));
  // A page kept by the browser and shown again has left the worker: it starts afresh.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
} else {
  openHere();
}

function openHere() {
  let opened = false;
  let source = null;
  const open = () => {
    source = new EventSource(address);
    source.addEventListener("open", () => {
      hear({ state: "up" });
      if (opened) hear({ state: "reconnect" });
      opened = true;
    });
    source.addEventListener("message", ({ data }) => hear({ topic: data }));
    source.addEventListener("error", () => hear({ state: "down" }));
  };
  open();
  setInterval(() => { if (source.readyState === EventSource.CLOSED) open(); }, 5000);
  addEventListener("pagehide", () => source.close());
}

/* ---------- Presence: a worker's timers keep their pace in a hidden tab, a page's do not ---------- */
if (body.dataset.presence) {
  const presence = new Worker(new URL("presence-worker.js", import.meta.url));
  // This browser has the desk no more, or again, or nobody is signed in here: the page hears of it, and reads itself.
  presence.addEventListener("message", ({ data }) => {
    fire(`desk:${data}`);
    fire("desk-changed");
  });
  presence.postMessage({ address: new URL(body.dataset.presence, location.href).href });
}
