/* One stream for all tabs of one person: the browser allows six connections to one address, and each tab would keep one.

   The page says where the stream is; the worker tells every page: {state: "up" | "down" | "reconnect"} or {topic: name}. */

const ports = new Set();
let address = "";
let source = null;
let state = "";
let opened = false;
let heard = Date.now();

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.addEventListener("message", ({ data }) => {
    if (data.leaves) ports.delete(port);
    else if (data.address && !source) {
      address = data.address;
      open();
    }
  });
  port.start();
  if (state) port.postMessage({ state });
});

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function become(next) {
  if (next === state) return;
  state = next;
  tell({ state });
}

function open() {
  source?.close();
  heard = Date.now();
  source = new EventSource(address);
  source.addEventListener("open", () => {
    heard = Date.now();
    const again = opened;
    opened = true;
    become("up");
    if (again) tell({ state: "reconnect" });
  });
  source.addEventListener("beat", () => { heard = Date.now(); });
  source.addEventListener("message", ({ data }) => {
    heard = Date.now();
    tell({ topic: data });
  });
  source.addEventListener("error", () => become("down"));
}

// The browser gives up after a refusal, and does not notice a line that died in silence: the stream beats every 15 s.
setInterval(() => {
  if (!source || !ports.size) return;
  if (source.readyState === EventSource.CLOSED || Date.now() - heard > 40_000) {
    become("down");
    open();
  }
}, 5000);
