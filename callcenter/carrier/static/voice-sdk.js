/* The stand-in's browser telephone: the interface of @twilio/voice-sdk 2, without sound. What is said in a call is read
   and typed on the network's own pages; this rings, answers, hangs up, mutes and presses keys.

   Not a module: it is loaded as the real one is, and leaves `Twilio` behind. */

(() => {
  const home = new URL(".", document.currentScript.src).href;

  class Events {
    #heard = new Map();
    on(name, act) {
      this.#heard.set(name, [...(this.#heard.get(name) ?? []), act]);
      return this;
    }
    addListener(name, act) { return this.on(name, act); }
    once(name, act) {
      const only = (...told) => { this.off(name, only); act(...told); };
      return this.on(name, only);
    }
    off(name, act) {
      this.#heard.set(name, (this.#heard.get(name) ?? []).filter((one) => one !== act));
      return this;
    }
    removeListener(name, act) { return this.off(name, act); }
    removeAllListeners(name) {
      if (name === undefined) this.#heard.clear();
      else this.#heard.delete(name);
      return this;
    }
    emit(name, ...told) {
      const acts = this.#heard.get(name) ?? [];
      for (const act of acts) act(...told);
      return acts.length > 0;
    }
  }

  class TwilioError extends Error {
    constructor(code, message) {
      super(`${code}: ${message}`);
      this.name = "TwilioError";
      this.code = code;
      this.description = message;
    }
  }

  class Call extends Events {
    #device;
    #status = "pending";
    #muted = false;

    constructor(device, parameters) {
      super();
      this.#device = device;
      this.parameters = parameters;
      this.customParameters = new Map();
      this.direction = "INCOMING";
    }

    status() { return this.#status; }
    isMuted() { return this.#muted; }

    async accept() {
      if (this.#status !== "pending") return;
      this.#become("connecting");
      const answer = await this.#ask("accept");
      if (this.#status === "closed") return;
      if (!answer.ok) {
        this.#become("closed");
        this.emit("cancel");
        return;
      }
      this.#become("open");
      this.emit("accept", this);
    }

    reject() {
      if (this.#status !== "pending") return;
      this.#ask("reject");
      this.#become("closed");
      this.emit("reject");
    }

    ignore() {
      if (this.#status === "pending") this.#become("closed");
    }

    disconnect() {
      if (this.#status !== "open" && this.#status !== "connecting") return;
      this.#ask("disconnect");
      this.ended("disconnect");
    }

    mute(should = true) {
      if (this.#status !== "open" || should === this.#muted) return;
      this.#muted = should;
      this.#ask("mute", { muted: should });
      this.emit("mute", should, this);
    }

    sendDigits(digits) {
      if (!/^[0-9*#w]+$/.test(digits)) throw new TwilioError(31400, "Illegal character passed into sendDigits");
      if (this.#status === "open") this.#ask("digits", { digits });
    }

    /** Told by the network: it has stopped ringing, or is over. */
    ended(how) {
      if (this.#status === "closed") return;
      this.#become("closed");
      if (how === "cancel") this.emit("cancel");
      else this.emit("disconnect", this);
    }

    #become(status) {
      this.#status = status;
      if (status === "closed") this.#device.forget(this);
    }

    async #ask(what, more = {}) {
      try {
        return await this.#device.post(`calls/${this.parameters.CallSid}/${what}`, more);
      } catch {
        this.emit("error", new TwilioError(31005, "A connection error occurred during the call"), this);
        return { ok: false };
      }
    }
  }

  class Device extends Events {
    static isSupported = true;
    static get version() { return "2.0.0-stand-in"; }

    audio = null; // no sound: no microphone is needed
    #token;
    #options;
    #name = crypto.randomUUID();
    #stream = null;
    #state = "unregistered";
    #calls = new Map();
    #warning = 0;

    constructor(token, options = {}) {
      super();
      this.#options = { tokenRefreshMs: 10_000, ...options };
      this.#take(token);
      this.#leaving = () => this.destroy();
      addEventListener("pagehide", this.#leaving);
    }
    #leaving;

    get state() { return this.#state; }
    get token() { return this.#token; }
    get identity() { return this.#claims().grants.identity; }
    get isBusy() { return this.calls.some((call) => call.status() === "open"); }
    get calls() { return [...this.#calls.values()]; }

    register() {
      if (this.#state === "destroyed") return Promise.reject(new TwilioError(31000, "Attempt to register a destroyed Device"));
      if (this.#state === "registered") return Promise.resolve();
      return new Promise((done, failed) => {
        const well = () => { this.off("error", ill); done(); };
        const ill = (error) => { this.off("registered", well); failed(error); };
        this.once("registered", well);
        this.once("error", ill);
        this.#connect();
      });
    }

    unregister() {
      this.#hangUpStream();
      this.#become("unregistered");
      return Promise.resolve();
    }

    updateToken(token) {
      this.#take(token);
      if (this.#stream) this.#connect();
    }

    disconnectAll() {
      for (const call of this.calls) call.disconnect();
    }

    destroy() {
      if (this.#state === "destroyed") return;
      removeEventListener("pagehide", this.#leaving);
      // The page may be going: only this still leaves it then.
      this.post(`devices/${this.#name}/leaving`, {}, { keepalive: true }).catch(() => {});
      this.#hangUpStream();
      clearTimeout(this.#warning);
      for (const call of this.calls) call.ended("disconnect");
      this.#become("destroyed");
      this.removeAllListeners();
    }

    forget(call) { this.#calls.delete(call.parameters.CallSid); }

    post(path, body, more = {}) {
      return fetch(home + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.#token}` },
        body: JSON.stringify({ device: this.#name, ...body }),
        ...more,
      });
    }

    #claims() {
      return JSON.parse(atob(this.#token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    }

    #take(token) {
      this.#token = token;
      clearTimeout(this.#warning);
      const left = this.#claims().exp * 1000 - Date.now() - this.#options.tokenRefreshMs;
      this.#warning = setTimeout(() => this.emit("tokenWillExpire", this), Math.max(0, Math.min(left, 2 ** 31 - 1)));
    }

    #connect() {
      this.#hangUpStream();
      this.#become("registering");
      const stream = new EventSource(`${home}devices/${this.#name}?token=${this.#token}`);
      this.#stream = stream;
      stream.addEventListener("message", ({ data }) => { if (this.#stream === stream) this.#hear(JSON.parse(data)); });
      stream.addEventListener("error", () => {
        if (this.#stream !== stream) return;
        // Refused for good, or cut: then the browser tries again by itself.
        if (stream.readyState === EventSource.CLOSED) this.#stream = null;
        this.#become("unregistered");
        this.emit("error", stream.readyState === EventSource.CLOSED
          ? new TwilioError(20101, "Unable to validate Access Token")
          : new TwilioError(31005, "A connection error occurred"));
      });
    }

    #hear({ event, code, ...parameters }) {
      const call = this.#calls.get(parameters.CallSid);
      if (event === "registered") this.#become("registered");
      else if (event === "error") this.emit("error", new TwilioError(Number(code), "Access Token expired or expiration date invalid"));
      else if (event === "incoming") {
        const ringing = new Call(this, parameters);
        this.#calls.set(parameters.CallSid, ringing);
        this.emit("incoming", ringing);
      } else call?.ended(event);
    }

    #hangUpStream() {
      this.#stream?.close();
      this.#stream = null;
    }

    #become(state) {
      if (state === this.#state) return;
      this.#state = state;
      this.emit(state, this);
    }
  }

  window.Twilio = { Device, Call, TwilioError };
})();
