// Draws a house: from afar its sections and what is left of them, nearer its rows and seats, close by their numbers. What a seat is shows
// by its shape, not by its colour alone: an open square is free, a full one with a tick is yours, a cross is gone, a dot costs more.
"use strict";

class Painter {
  // Pixels of a seat's width from which on seats are drawn, and from which on their numbers.
  static SEATS_PX = 8;
  static NUMBERS_PX = 20;
  // Pixels of the smallest letters that a line of a section is worth.
  static SMALLEST_PX = 9;
  // More changed seats than this, and all is drawn.
  static SOME = 300;

  constructor(canvas, house, view, words) {
    Object.assign(this, { canvas, house, view, words, grid: new SeatGrid(house), context: canvas.getContext("2d"), cursor: null });
    this.colours();
  }

  // Takes the colours of the page, light or dark.
  colours() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    [this.ink, this.paper, this.quiet, this.accent, this.onAccent, this.line] =
      ["ink", "card", "quiet", "accent", "on-accent", "line"].map(colour);
  }

  showsSeats() {
    return this.view.scale >= Painter.SEATS_PX;
  }

  all() {
    const { context, view } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.paper;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#aim();
    if (!this.showsSeats()) return this.house.sections.forEach((section) => this.#section(section));
    const seen = [];
    this.grid.within(view.seen(), (seat) => seen.push(seat));
    this.#names();
    this.#seats(seen);
  }

  // Draws some seats anew, and what reaches into their squares; nothing beside them.
  some(seats) {
    const { context, house } = this;
    if (!this.showsSeats() || seats.length > Painter.SOME) return this.all();
    this.#aim();
    const { left, right, top, bottom } = this.view.seen();
    const near = new Set();
    context.save();
    context.beginPath();
    for (const seat of seats) {
      const [x, y] = [house.x[seat], house.y[seat]];
      if (x < left - 1 || right + 1 < x || y < top - 1 || bottom + 1 < y) continue;
      context.rect(x - 0.48, y - 0.48, 0.96, 0.96);
      this.grid.within({ left: x - 1, right: x + 1, top: y - 1, bottom: y + 1 }, (other) => near.add(other));
    }
    context.clip();
    context.fillStyle = this.paper;
    context.fillRect(left, top, right - left, bottom - top);
    this.#seats(near);
    context.restore();
  }

  #seats(seats) {
    const looks = [[], [], [], []];
    for (const seat of seats) looks[this.house.look(seat)].push(seat);
    looks.forEach((alike, look) => this.#shapes(alike, look));
    this.#cursor();
  }

  // From here on, lengths are in widths of a seat.
  #aim() {
    const { x, y, scale, width, height, dots } = this.view;
    const zoom = scale * dots;
    this.context.setTransform(zoom, 0, 0, zoom, (width / 2 - x * scale) * dots, (height / 2 - y * scale) * dots);
  }

  // Plain rectangles: a browser without a graphics card fills them several times faster than it strokes a path.
  #shapes(seats, look) {
    if (look === GONE) return this.#crosses(seats);
    const size = { [FREE]: 0.76, [PICKED]: 0.9, [DEAR]: 0.2 }[look];
    this.#squares(seats, size, look === DEAR ? this.quiet : this.accent);
    const edge = Math.max(0.06, 1.2 / this.view.scale);
    if (look === FREE) this.#squares(seats, size - 2 * edge, this.paper);
    if (look === PICKED) this.#ticks(seats);
    if (look === FREE && this.view.scale >= Painter.NUMBERS_PX) this.#numbers(seats);
  }

  #squares(seats, size, colour) {
    const { context, house: { x, y } } = this;
    context.fillStyle = colour;
    for (const seat of seats) context.fillRect(x[seat] - size / 2, y[seat] - size / 2, size, size);
  }

  // Crosses that stand upright, on a ground that is turned by an eighth.
  #crosses(seats) {
    const { context, house: { x, y } } = this;
    const [long, thick, turned] = [0.56, Math.max(0.06, 1.2 / this.view.scale), Math.SQRT1_2];
    context.save();
    context.rotate(Math.PI / 4);
    context.fillStyle = this.quiet;
    for (const seat of seats) {
      const [u, v] = [(x[seat] + y[seat]) * turned, (y[seat] - x[seat]) * turned];
      context.fillRect(u - long / 2, v - thick / 2, long, thick);
      context.fillRect(u - thick / 2, v - long / 2, thick, long);
    }
    context.restore();
  }

  #ticks(seats) {
    const { context, house } = this;
    context.beginPath();
    for (const seat of seats) {
      context.moveTo(house.x[seat] - 0.2, house.y[seat]);
      context.lineTo(house.x[seat] - 0.05, house.y[seat] + 0.17);
      context.lineTo(house.x[seat] + 0.22, house.y[seat] - 0.18);
    }
    context.lineWidth = 0.12;
    context.strokeStyle = this.onAccent;
    context.stroke();
  }

  #numbers(seats) {
    for (const seat of seats) this.#text(this.house.numbers[seat], [this.house.x[seat], this.house.y[seat]], [0.4, 0.7], this.ink);
  }

  // Writes a text in the middle of a point, so high, and narrower if it would be wider than that; canvases draw no letters below a pixel.
  #text(text, [x, y], [size, widest], colour) {
    const { context, view } = this;
    context.save();
    context.translate(x, y);
    context.scale(1 / view.scale, 1 / view.scale);
    context.font = `${size * view.scale}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colour;
    context.fillText(text, 0, 0, widest * view.scale);
    context.restore();
  }

  // Names each section before its first row, and each row beside its ends.
  #names() {
    const { left, right, top, bottom } = this.view.seen();
    this.house.sections.forEach(({ name, front }) => this.#text(name, front, [0.8, 12], this.ink));
    for (const { name, first, count } of this.house.rows) {
      for (const [seat, beside] of [[first, first + 1], [first + count - 1, first + count - 2]]) {
        // Away from the neighbour, along the row.
        const hasNeighbour = count > 1;
        const [dx, dy] = hasNeighbour
          ? [this.house.x[seat] - this.house.x[beside], this.house.y[seat] - this.house.y[beside]]
          : [seat === first ? -1 : 1, 0];
        const [x, y] = [this.house.x[seat] + 1.2 * dx, this.house.y[seat] + 1.2 * dy];
        if (left < x && x < right && top < y && y < bottom) this.#text(name, [x, y], [0.6, 1.2], this.quiet);
      }
    }
  }

  // A section from afar: its outline, its name, and what is left of it.
  #section(section) {
    const { context, house, view } = this;
    const { left, from } = house.left(section);
    context.beginPath();
    section.outline.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    context.lineJoin = "round";
    // An edge of paper within a line: the outline goes around the seats and not through their middles.
    for (const [more, colour] of [[1.4 + 3 / view.scale, left > 0 ? this.accent : this.quiet], [1.4, this.paper]]) {
      context.lineWidth = more;
      context.strokeStyle = context.fillStyle = colour;
      context.stroke();
      context.fill();
    }
    if (section === this.cursor) {
      context.lineWidth = 4 / view.scale;
      context.strokeStyle = this.ink;
      context.stroke();
    }
    this.#title(section, this.words.lines(section.name, left, from));
  }

  // As many of the lines about a section as can be read.
  #title({ x, y, bounds }, lines) {
    const wide = (bounds.right - bounds.left) * this.view.scale * 0.7;
    const high = (bounds.bottom - bounds.top) * this.view.scale * 0.7;
    const longest = Math.max(...lines.map((line) => line.length));
    const size = Math.min(15, 1.8 * wide / longest, high / (1.3 * lines.length));
    if (size < Painter.SMALLEST_PX && lines.length > 1) return this.#title({ x, y, bounds }, lines.slice(0, -1));
    lines.forEach((line, index) => {
      const down = 1.3 * (index - (lines.length - 1) / 2) * size;
      this.#text(line, [x, y + down / this.view.scale], [size / this.view.scale, wide / this.view.scale], index ? this.quiet : this.ink);
    });
  }

  #cursor() {
    if (typeof this.cursor !== "number") return;
    const { context, house, view } = this;
    context.lineWidth = 3 / view.scale;
    context.strokeStyle = this.ink;
    context.strokeRect(house.x[this.cursor] - 0.5, house.y[this.cursor] - 0.5, 1, 1);
  }
}
