// Hears which seats of an event are free: all of them once, then what has changed, each second while somebody looks at the page. Every
// answer is the same for everybody, so that any cache between may carry it.
"use strict";

class Feed {
  static EVERY_MS = 1000;
  static SLOWEST_MS = 30000;
  // After so long a break it is less to ask for all.
  static BREAK_MS = 60000;

  // `told.layout(layout)` before the first `told.all(seats, tiers)`, and again if the seats are other ones; then `told.changes(changes)`.
  constructor(event, told) {
    this.path = `/v1/events/${event}`;
    this.told = told;
    this.layout = null;
    this.version = null;
    this.heard = 0;
    this.pause = Feed.EVERY_MS;
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look().catch(() => {}); });
  }

  // Looks once, and each second from then on.
  async start() {
    try {
      await this.look();
      this.pause = Feed.EVERY_MS;
    } catch (error) {
      this.pause = Math.min(2 * this.pause, Feed.SLOWEST_MS);
      if (this.version === null) throw error;
    } finally {
      setTimeout(() => this.#again(), this.pause);
    }
  }

  #again() {
    if (document.hidden) setTimeout(() => this.#again(), Feed.EVERY_MS);
    else this.start().catch(() => {});
  }

  // Asks for what is new, once at a time.
  look() {
    this.looking ??= this.#ask().finally(() => { this.looking = null; });
    return this.looking;
  }

  async #ask() {
    if (this.version === null || Date.now() - this.heard > Feed.BREAK_MS) await this.#all();
    else while (await this.#changes());
    this.heard = Date.now();
  }

  async #get(path) {
    const response = await fetch(this.path + path);
    if (!response.ok && response.status !== 404) throw new Error(said("seats-not-shown"));
    return response;
  }

  async #all() {
    const response = await this.#get("/availability");
    if (!response.ok) throw new Error(said("not-on-sale"));
    const { version, layout, tiers, seats } = readAvailability(await response.arrayBuffer());
    if (layout !== this.layout) {
      const found = await this.#get(`/layout/${layout}`);
      if (!found.ok) throw new Error(said("seats-not-shown"));
      this.told.layout(await found.json());
      this.layout = layout;
    }
    this.version = version;
    this.told.all(seats, tiers);
  }

  // Tells whether there may be more.
  async #changes() {
    const response = await this.#get(`/availability/${this.version}`);
    if (!response.ok) return this.#all().then(() => false);
    const changes = await response.json();
    if (changes.to === changes.from) return false;
    this.version = changes.to;
    this.told.changes(changes);
    return true;
  }
}

// Reads the bytes of an availability; their shape is in the document of the API.
function readAvailability(buffer) {
  const view = new DataView(buffer);
  const hex = [...new Uint8Array(buffer, 8, 16)].map((byte) => byte.toString(16).padStart(2, "0"));
  const tiers = [];
  let at = 26;
  for (let rest = view.getUint16(24); rest > 0; rest--, at += 6) {
    tiers.push({ tier: view.getUint16(at), available: view.getUint32(at + 2) });
  }
  return { version: Number(view.getBigUint64(0)), layout: hex.join(""), tiers, seats: new Uint8Array(buffer, at) };
}
