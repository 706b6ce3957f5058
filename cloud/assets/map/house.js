// What a page knows of the seats of a house: where they are, of which tier, and which are free. It asks for nothing and draws nothing.
"use strict";

// The status of a seat, as availability tells it in two bits.
const AVAILABLE = 0, HELD = 1, BOOKED = 2;
// What a buyer sees of a seat: one they may pick, one of theirs, one that is gone or not for sale, or one that costs more than they want to see.
const FREE = 0, PICKED = 1, GONE = 2, DEAR = 3;
// Distances are in widths of a seat.
const ROW_PITCH = 1.3, SECTION_GAP = 4, MARGIN = 1.7;

class House {
  // `tiers`: what is sold, by id: { name, price }; `shape`: how much wider than high it is to be, unless its organizer has drawn it.
  constructor(layout, tiers, shape) {
    const last = layout.sections.at(-1)?.rows.at(-1);
    this.count = last ? last.first_seat_id + last.numbers.length : 0;
    this.tiers = tiers;
    this.x = new Float32Array(this.count);
    this.y = new Float32Array(this.count);
    this.tier = new Uint16Array(this.count);
    this.rowOf = new Uint32Array(this.count);
    this.state = new Uint8Array(this.count).fill(BOOKED);
    this.numbers = new Array(this.count);
    this.picked = new Set();
    this.dearest = Infinity;
    this.rows = [];
    this.sections = layout.sections.map((section) => this.#section(section));
    this.#place(shape);
  }

  // Joins the seats of a row that are of different tiers: they are beside each other.
  #section({ name, rows, place }) {
    const section = { name, place, rows: [], first: rows[0].first_seat_id, count: 0 };
    for (const { name, tier, first_seat_id: first, numbers } of rows) {
      if (section.rows.at(-1)?.name !== name) {
        section.rows.push({ name, section, first, count: 0, index: this.rows.length + section.rows.length });
      }
      const row = section.rows.at(-1);
      this.tier.fill(tier, first, first + numbers.length);
      this.rowOf.fill(row.index, first, first + numbers.length);
      numbers.forEach((number, place) => { this.numbers[first + place] = number; });
      row.count += numbers.length;
      section.count += numbers.length;
    }
    this.rows.push(...section.rows);
    return section;
  }

  // Puts sections where their organizer has drawn them, or else beside each other, as many as make a house of a good shape.
  #place(shape) {
    const isDrawn = this.sections.every(({ place }) => place);
    const widths = this.sections.map(({ rows }) => Math.max(...rows.map(({ count }) => count)) + SECTION_GAP);
    const heights = this.sections.map(({ rows }) => rows.length * ROW_PITCH + SECTION_GAP);
    const area = widths.reduce((sum, width, index) => sum + width * heights[index], 0);
    const wide = Math.max(Math.sqrt(area * shape), ...widths);
    let [x, y, deepest] = [0, 0, 0];
    this.sections.forEach((section, index) => {
      if (!isDrawn && x > 0 && x + widths[index] > wide) [x, y, deepest] = [0, y + deepest, 0];
      this.#seat(section, isDrawn ? section.place : { x: x + widths[index] / 2, y, turn: 0, radius: 0 });
      x += widths[index];
      deepest = Math.max(deepest, heights[index]);
    });
    this.bounds = around(this.sections.flatMap(({ outline }) => outline));
  }

  // Seats a section: its rows behind each other, straight or around a point so many seats before the first, and the whole turned.
  #seat(section, { x, y, turn, radius }) {
    const [sin, cos] = [Math.sin(turn * Math.PI / 180), Math.cos(turn * Math.PI / 180)];
    section.rows.forEach(({ first, count }, depth) => {
      const back = depth * ROW_PITCH;
      for (let place = 0; place < count; place++) {
        const aside = place - (count - 1) / 2;
        const angle = radius ? aside / (radius + back) : 0;
        const across = radius ? (radius + back) * Math.sin(angle) : aside;
        const behind = radius ? (radius + back) * Math.cos(angle) - radius : back;
        this.x[first + place] = x + across * cos - behind * sin;
        this.y[first + place] = y + across * sin + behind * cos;
      }
    });
    section.front = [x + 1.5 * sin, y - 1.5 * cos];
    section.outline = this.#outline(section);
    const { left, right, top, bottom } = around(section.outline);
    section.x = (left + right) / 2;
    section.y = (top + bottom) / 2;
    section.bounds = { left, right, top, bottom };
  }

  #outline({ rows }) {
    const point = (seat) => [this.x[seat], this.y[seat]];
    const all = ({ first, count }) => Array.from({ length: count }, (_, place) => point(first + place));
    const right = rows.map(({ first, count }) => point(first + count - 1));
    const left = rows.map(({ first }) => point(first)).reverse();
    return [...all(rows[0]), ...right, ...all(rows.at(-1)).reverse(), ...left];
  }

  // Notes the status of all seats: four in a byte, the first one in the lowest bits.
  know(bytes) {
    for (let seat = 0; seat < this.count; seat++) this.state[seat] = bytes[seat >> 2] >> 2 * (seat & 3) & 3;
  }

  price(seat) {
    return this.tiers.get(this.tier[seat])?.price ?? Infinity;
  }

  look(seat) {
    if (this.picked.has(seat)) return PICKED;
    const { price } = this.tiers.get(this.tier[seat]) ?? {};
    if (this.state[seat] !== AVAILABLE || price === undefined) return GONE;
    return price > this.dearest ? DEAR : FREE;
  }

  // Counts what may be picked of a section or row, and says what it costs at least.
  left({ first, count }) {
    let [left, from] = [0, Infinity];
    for (let seat = first; seat < first + count; seat++) {
      const look = this.look(seat);
      if (look !== FREE && look !== PICKED) continue;
      left += 1;
      from = Math.min(from, this.price(seat));
    }
    return { left, from };
  }

  // Counts the free seats of a tier, whatever they cost.
  free(tier) {
    let free = 0;
    for (let seat = 0; seat < this.count; seat++) free += this.tier[seat] === tier && this.state[seat] === AVAILABLE;
    return free;
  }

  row(seat) {
    return this.rows[this.rowOf[seat]];
  }

  name(seat) {
    const row = this.row(seat);
    return said("seat-name", { section: row.section.name, row: row.name, seat: this.numbers[seat] });
  }
}

function around(points) {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const [x, y] of points) {
    bounds.left = Math.min(bounds.left, x - MARGIN);
    bounds.right = Math.max(bounds.right, x + MARGIN);
    bounds.top = Math.min(bounds.top, y - MARGIN);
    bounds.bottom = Math.max(bounds.bottom, y + MARGIN);
  }
  return bounds;
}

// Finds seats by where they are: squares of the house, and which seats are in each.
class SeatGrid {
  static SQUARE = 4;

  constructor({ x, y, count, bounds }) {
    Object.assign(this, { x, y, left: bounds.left, top: bounds.top });
    this.columns = Math.max(1, Math.ceil((bounds.right - bounds.left) / SeatGrid.SQUARE));
    this.lines = Math.max(1, Math.ceil((bounds.bottom - bounds.top) / SeatGrid.SQUARE));
    const square = (seat) => this.#line(y[seat]) * this.columns + this.#column(x[seat]);
    // Seats in the order of their squares, and where each square begins.
    this.starts = new Uint32Array(this.columns * this.lines + 1);
    for (let seat = 0; seat < count; seat++) this.starts[square(seat) + 1] += 1;
    for (let index = 0; index < this.columns * this.lines; index++) this.starts[index + 1] += this.starts[index];
    const next = this.starts.slice();
    this.seats = new Uint32Array(count);
    for (let seat = 0; seat < count; seat++) this.seats[next[square(seat)]++] = seat;
  }

  #column(x) {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.left) / SeatGrid.SQUARE)));
  }

  #line(y) {
    return Math.min(this.lines - 1, Math.max(0, Math.floor((y - this.top) / SeatGrid.SQUARE)));
  }

  // Tells of each seat within bounds, and of some around.
  within({ left, right, top, bottom }, tell) {
    for (let line = this.#line(top); line <= this.#line(bottom); line++) {
      const [from, to] = [this.#column(left), this.#column(right)].map((column) => line * this.columns + column);
      for (let index = this.starts[from]; index < this.starts[to + 1]; index++) tell(this.seats[index]);
    }
  }

  // Finds the seat nearest to a point, if one is less than so far away.
  at([x, y], reach) {
    let [found, nearest] = [null, reach * reach];
    this.within({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }, (seat) => {
      const distance = (this.x[seat] - x) ** 2 + (this.y[seat] - y) ** 2;
      if (distance < nearest) [found, nearest] = [seat, distance];
    });
    return found;
  }
}
