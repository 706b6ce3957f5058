// The seat map on its page: puts view and painter together, and is walked through by keys and buttons as well as by hand.
"use strict";

class SeatMap {
  // `on.pick(seat)` when somebody picks a seat or gives it up; `words.left(left, from)` and `words.seat(seat)` say what is seen.
  constructor(root, house, words, on) {
    Object.assign(this, { root, house, words, on });
    this.canvas = root.querySelector("canvas");
    this.keys = this.canvas.parentElement;
    this.says = root.querySelector("[aria-live]");
    this.view = new View(this.canvas, house.bounds, { moved: () => this.redraw(), tap: (...tap) => this.#tap(...tap) });
    this.painter = new Painter(this.canvas, house, this.view, words);
    this.keys.addEventListener("keydown", (event) => this.#key(event));
    this.keys.addEventListener("blur", () => this.#select(null));
    this.canvas.addEventListener("pointermove", (event) => this.#hover(event));
    root.querySelectorAll("[data-do]").forEach((button) => {
      button.addEventListener("click", () => this.#do(button.dataset.do));
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.colours();
      this.redraw();
    });
    this.redraw();
  }

  // Draws all of it before the next frame, however often it is asked to.
  redraw() {
    if (!this.painter || this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.painter.all();
      this.#tellPainted();
    });
  }

  // Marks the first picture of the house in the browser's timeline, once it is on the screen.
  #tellPainted() {
    if (this.isPainted || !this.house.isKnown) return;
    this.isPainted = true;
    setTimeout(() => performance.mark("usher-map"), 0);
  }

  // Draws what has changed, unless all is drawn anyway.
  changed(seats) {
    if (!this.isDue) this.painter.some(seats);
    this.#summarize();
  }

  // Says in words what the picture shows.
  #summarize() {
    const sections = this.house.sections.map((section) => {
      const { left, from } = this.house.left(section);
      return `${section.name}: ${this.words.left(left, from)}`;
    });
    const named = sections.length > 12 ? [...sections.slice(0, 12), said("map-more")] : sections;
    this.canvas.setAttribute("aria-label", said("map-summary", { sections: named.join("; ") }));
  }

  // A finger is wider than small seats: it comes nearer first.
  #tap(point, isFinger) {
    this.keys.focus({ preventScroll: true });
    if (!this.painter.showsSeats()) {
      const section = this.#sectionAt(point);
      return section && this.#enter(section);
    }
    if (isFinger && this.view.scale < Painter.NUMBERS_PX) {
      return this.view.show(around([point]), 1.5 * Painter.NUMBERS_PX);
    }
    const seat = this.painter.grid.at(point, 0.7);
    if (seat === null) return;
    this.#select(seat);
    this.#pick();
  }

  #sectionAt([x, y]) {
    const isIn = ({ bounds }) => bounds.left <= x && x <= bounds.right && bounds.top <= y && y <= bounds.bottom;
    const from = (section) => Math.hypot(section.x - x, section.y - y);
    return this.house.sections.filter(isIn).sort((a, b) => from(a) - from(b))[0];
  }

  // Shows a section from so near that its seats are seen.
  #enter(section) {
    this.painter.cursor = null;
    this.view.show(section.bounds, Painter.SEATS_PX * 1.5);
    const { left, from } = this.house.left(section);
    this.#say(`${section.name}, ${this.words.left(left, from)}`);
  }

  #hover({ offsetX, offsetY, buttons }) {
    if (buttons || !this.painter.showsSeats()) return;
    const seat = this.painter.grid.at(this.view.toHouse([offsetX, offsetY]), 0.7);
    this.canvas.title = seat === null ? "" : this.words.seat(seat);
  }

  #say(text) {
    this.says.textContent = text;
  }

  // Puts the cursor on a seat or a section, or nowhere.
  #select(what) {
    this.painter.cursor = what;
    this.redraw();
    if (what === null) return;
    if (typeof what === "number") return this.#say(this.words.seat(what));
    const { left, from } = this.house.left(what);
    this.#say(`${what.name}, ${this.words.left(left, from)}`);
  }

  #key(event) {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const known = { "+": "in", "=": "in", "-": "out", Escape: "whole", Home: "whole", Enter: "pick", " ": "pick" }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey || !(arrow || known)) return;
    event.preventDefault();
    if (arrow) this.#walk(arrow);
    else if (known === "pick") this.#pick();
    else this.#do(known);
  }

  #do(what) {
    const step = 0.3 * Math.min(this.view.width, this.view.height);
    const moves = { left: [-step, 0], right: [step, 0], up: [0, -step], down: [0, step] };
    if (what === "whole") this.view.whole();
    else if (moves[what]) this.view.pan(...moves[what]);
    else this.view.zoom(what === "in" ? 1.6 : 1 / 1.6);
  }

  #pick() {
    const { cursor } = this.painter;
    if (cursor === null) return this.#walk([0, 0]);
    if (typeof cursor !== "number") {
      this.#enter(cursor);
      return this.#select(this.#nearest([cursor.x, cursor.y], (seat) => this.house.row(seat).section === cursor));
    }
    this.on.pick(cursor);
    this.#say(this.words.seat(cursor));
  }

  // Moves the cursor to what is next in a direction; it begins in the middle of what is seen.
  #walk(direction) {
    const { house, painter, view } = this;
    if (!painter.showsSeats()) {
      const from = painter.cursor?.outline ? painter.cursor : null;
      const next = from ? toward(from, direction, house.sections.map((section) => [section, section.x, section.y])) : house.sections[0];
      return this.#select(next ?? from);
    }
    if (typeof painter.cursor !== "number") return this.#select(this.#nearest([view.x, view.y]));
    const from = { x: house.x[painter.cursor], y: house.y[painter.cursor] };
    const around = [];
    painter.grid.within({ left: from.x - 12, right: from.x + 12, top: from.y - 12, bottom: from.y + 12 }, (seat) => {
      around.push([seat, house.x[seat], house.y[seat]]);
    });
    const next = toward(from, direction, around);
    if (next === null) return;
    this.#select(next);
    const { left, right, top, bottom } = view.seen();
    const [x, y] = [house.x[next], house.y[next]];
    const isSeen = left + 1 < x && x < right - 1 && top + 1 < y && y < bottom - 1;
    if (!isSeen) view.pan((x - view.x) * view.scale, (y - view.y) * view.scale);
  }

  // Finds the seat nearest to a point that may be picked, or else any.
  #nearest([x, y], counts = () => true) {
    let [found, least] = [null, Infinity];
    for (let seat = 0; seat < this.house.count; seat++) {
      if (!counts(seat)) continue;
      const worse = this.house.look(seat) === FREE ? 0 : 1e9;
      const distance = (this.house.x[seat] - x) ** 2 + (this.house.y[seat] - y) ** 2 + worse;
      if (distance < least) [found, least] = [seat, distance];
    }
    return found;
  }
}

// Returns what is next in a direction: near, and rather ahead than aside.
function toward({ x, y }, [dx, dy], things) {
  let [found, least] = [null, Infinity];
  for (const [thing, atX, atY] of things) {
    const ahead = (atX - x) * dx + (atY - y) * dy;
    const aside = Math.abs((atX - x) * dy) + Math.abs((atY - y) * dx);
    if (ahead > 0.3 && ahead > aside / 3 && ahead + 2 * aside < least) [found, least] = [thing, ahead + 2 * aside];
  }
  return found;
}
