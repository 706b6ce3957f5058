// Which part of a house a canvas shows, and how fingers, mouse and wheel move it. It knows nothing of seats.
"use strict";

class View {
  // Pixels of a seat's width at most; how far a pointer may move and still be a tap; how long the map glides.
  static CLOSEST = 56;
  static TAP_PX = 6;
  static GLIDE_MS = 180;

  // `on.moved()` after each change; `on.tap(point, isFinger)` with a point of the house.
  constructor(canvas, bounds, on) {
    Object.assign(this, { canvas, bounds, on, x: 0, y: 0, scale: 1, pointers: new Map(), pinch: 0, isTap: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => this.#up(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  #resize() {
    const [wasWhole, dots] = [!this.width || this.isWhole(), Math.min(2, devicePixelRatio || 1)];
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height || (width === this.width && height === this.height && dots === this.dots)) return;
    Object.assign(this, { width, height, dots });
    [this.canvas.width, this.canvas.height] = [width * dots, height * dots];
    if (wasWhole) Object.assign(this, this.#fitting(this.bounds));
    this.#moved();
  }

  // Where the view must be for bounds to fill it.
  #fitting({ left, right, top, bottom }) {
    const scale = Math.min(this.width / (right - left), this.height / (bottom - top), View.CLOSEST);
    return { scale, x: (left + right) / 2, y: (top + bottom) / 2 };
  }

  isWhole() {
    return this.scale <= this.#fitting(this.bounds).scale * 1.001;
  }

  toHouse([x, y]) {
    return [(x - this.width / 2) / this.scale + this.x, (y - this.height / 2) / this.scale + this.y];
  }

  // Returns the bounds of what is seen.
  seen() {
    const [left, top] = this.toHouse([0, 0]);
    const [right, bottom] = this.toHouse([this.width, this.height]);
    return { left, right, top, bottom };
  }

  pan(x, y) {
    this.#set({ x: this.x + x / this.scale, y: this.y + y / this.scale, scale: this.scale });
  }

  // Zooms in or out; what is at a point of the canvas stays there.
  zoom(factor, at = [this.width / 2, this.height / 2]) {
    const [x, y] = this.toHouse(at);
    const whole = this.#fitting(this.bounds);
    const scale = Math.min(View.CLOSEST, Math.max(whole.scale, this.scale * factor));
    if (scale === whole.scale) return this.#set(whole);
    this.#set({ scale, x: x - (at[0] - this.width / 2) / scale, y: y - (at[1] - this.height / 2) / scale });
  }

  // Shows bounds, from at least as near as that, and glides there unless whoever looks wants no motion.
  show(bounds, nearest = 0) {
    const [from, to] = [{ x: this.x, y: this.y, scale: this.scale }, this.#fitting(bounds)];
    to.scale = Math.max(to.scale, nearest);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.#set(to);
    const begun = performance.now();
    const glide = (this.glide = (now) => {
      if (this.glide !== glide) return;
      const part = Math.min(1, Math.max(0, (now - begun) / View.GLIDE_MS));
      const between = (name) => from[name] + (to[name] - from[name]) * part;
      this.#put({ x: between("x"), y: between("y"), scale: from.scale * (to.scale / from.scale) ** part });
      if (part < 1) requestAnimationFrame(glide);
    });
    requestAnimationFrame(glide);
  }

  whole() {
    this.show(this.bounds);
  }

  #set(place) {
    this.glide = null;
    this.#put(place);
  }

  // The middle of the view stays within the house.
  #put({ x, y, scale }) {
    const { left, right, top, bottom } = this.bounds;
    this.scale = scale;
    this.x = Math.min(right, Math.max(left, x));
    this.y = Math.min(bottom, Math.max(top, y));
    this.#moved();
  }

  // A finger scrolls the page where there is nothing to move in the map.
  #moved() {
    this.canvas.classList.toggle("near", !this.isWhole());
    this.on.moved();
  }

  #down(event) {
    this.isTap = this.pointers.size === 0;
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    if (this.isTap) this.start = [event.offsetX, event.offsetY];
    this.canvas.setPointerCapture(event.pointerId);
    this.pinch = this.#spread();
  }

  #move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.offsetX, event.offsetY];
    if (Math.hypot(now[0] - this.start[0], now[1] - this.start[1]) > View.TAP_PX) this.isTap = false;
    if (this.isTap) return;
    this.pointers.set(event.pointerId, now);
    this.pan((before[0] - now[0]) / this.pointers.size, (before[1] - now[1]) / this.pointers.size);
    const spread = this.#spread();
    if (spread && this.pinch) this.zoom(spread / this.pinch, this.#middle());
    this.pinch = spread;
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.pinch = this.#spread();
    if (this.isTap && event.type === "pointerup") {
      this.on.tap(this.toHouse([event.offsetX, event.offsetY]), event.pointerType === "touch");
    }
  }

  // How far two fingers are apart; 0 unless there are two.
  #spread() {
    const [[a, b] = [], [c, d] = []] = [...this.pointers.values()];
    return this.pointers.size === 2 ? Math.hypot(a - c, b - d) : 0;
  }

  #middle() {
    const [[a, b], [c, d]] = [...this.pointers.values()];
    return [(a + c) / 2, (b + d) / 2];
  }

  // The wheel scrolls the page, unless the map was clicked or reached by keys before, or its touchpad is pinched.
  #wheel(event) {
    if (!event.ctrlKey && !this.canvas.parentElement.matches(":focus")) return;
    if (event.deltaY > 0 && this.isWhole()) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), [event.offsetX, event.offsetY]);
  }
}
