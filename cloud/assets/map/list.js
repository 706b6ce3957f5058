// The seats as a list, for whoever does not use the map: a section, a row of it, and the seats of the row as buttons.
"use strict";

class SeatList {
  // `on.pick(seat)` when somebody picks a seat or gives it up.
  constructor(root, house, words, on) {
    Object.assign(this, { house, words, on });
    [this.sections, this.rows] = root.querySelectorAll("select");
    this.seats = root.querySelector("#seats");
    this.sections.replaceChildren(...house.sections.map((section, index) => new Option(section.name, index)));
    this.sections.addEventListener("change", () => this.#choose());
    this.rows.addEventListener("change", () => this.#showSeats());
  }

  // Begins with the first row that has a free seat.
  begin() {
    const hasLeft = (part) => this.house.left(part).left > 0;
    const section = Math.max(0, this.house.sections.findIndex(hasLeft));
    this.sections.value = section;
    this.#choose();
  }

  section() {
    return this.house.sections[this.sections.value];
  }

  row() {
    return this.section().rows[this.rows.value];
  }

  #choose() {
    const { rows } = this.section();
    this.rows.replaceChildren(...rows.map((_, index) => new Option("", index)));
    this.rows.value = Math.max(0, rows.findIndex((row) => this.house.left(row).left > 0));
    this.#count();
    this.#showSeats();
  }

  // Says what is left of each section and row; the options stay what they are, so that nobody loses their place.
  #count() {
    this.house.sections.forEach((section, index) => {
      const { left, from } = this.house.left(section);
      setText(this.sections.options[index], said("section-named", { section: section.name, left: this.words.left(left, from) }));
    });
    this.section().rows.forEach((row, index) => {
      const { left, from } = this.house.left(row);
      setText(this.rows.options[index], said("row-named", { row: row.name, left: this.words.left(left, from) }));
    });
  }

  #showSeats() {
    const { first, count } = this.row();
    this.seats.replaceChildren(...Array.from({ length: count }, (_, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = this.house.numbers[first + place];
      button.dataset.seat = first + place;
      button.addEventListener("click", () => this.on.pick(first + place));
      this.#mark(button);
      return button;
    }));
  }

  #mark(button) {
    const seat = Number(button.dataset.seat);
    const look = this.house.look(seat);
    button.className = `seat ${["free", "picked", "gone", "dear"][look]}`;
    button.disabled = look === GONE;
    button.title = button.ariaLabel = this.words.seat(seat);
    button.setAttribute("aria-pressed", look === PICKED);
  }

  // Marks what has changed, where it stands: what has the focus keeps it.
  changed() {
    this.#count();
    this.seats.querySelectorAll("button").forEach((button) => this.#mark(button));
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
