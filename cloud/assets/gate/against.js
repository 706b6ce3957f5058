// The sheet on which staff undo and override: it asks, and hands on what was typed. What may be done, and what of, the scanner says.

const ASKED = {
  undo: { title: "Undo: nobody passed", yes: "Undo", reasons: ["The guest turned back", "The turnstile did not turn", "The wrong ticket was scanned"] },
  overrule: { title: "Let in against the rules", yes: "Let in", reasons: ["Checked by hand", "The box office says so", "Came in before and lost the way"] },
};
const at = (id) => document.getElementById(id);

export class Sheet {
  /// `send` takes what people want.
  constructor(send) {
    Object.assign(this, { send, wish: "undo", told: null });
    // Not by Enter in a field: a wedge types that too.
    at("against-form").addEventListener("submit", (event) => event.preventDefault());
    at("against-yes").addEventListener("click", () => {
      if (at("against-form").reportValidity()) this.submit();
    });
    at("against-no").addEventListener("click", () => this.close());
    // Also by the back button and by Escape.
    at("against").addEventListener("close", () => {
      at("pin").value = "";
      // What is typed next must not press the button that opened it.
      document.activeElement?.blur();
    });
    for (const who of document.querySelectorAll("input[name='who']")) who.addEventListener("change", () => this.draw());
  }

  get isOpen() { return at("against").open; }

  close() { at("against").close(); }

  /// Asks about what the scanner says now; what is shown meanwhile makes it ask anew.
  open(wish, told) {
    Object.assign(this, { wish, told });
    const { title, yes, reasons } = ASKED[wish];
    at("against-title").textContent = title;
    at("against-yes").textContent = yes;
    at("why-against").value = "";
    at("against-wrong").textContent = "";
    at("against-yes").disabled = false;
    const own = document.querySelector("input[name='who'][value='reader']");
    own.disabled = !told.undoable;
    document.querySelector(`input[name='who'][value='${told.undoable ? "reader" : "supervisor"}']`).checked = true;
    at("reasons").replaceChildren(...reasons.map((reason) => {
      const chip = Object.assign(document.createElement("button"), { type: "button", textContent: reason });
      chip.addEventListener("click", () => { at("why-against").value = reason; });
      return chip;
    }));
    this.draw();
    at("against").showModal();
  }

  get isBySupervisor() {
    return this.wish === "overrule" || document.querySelector("input[name='who']:checked").value === "supervisor";
  }

  draw() {
    at("who").hidden = this.wish !== "undo";
    at("supervisor").hidden = !this.isBySupervisor;
    at("pin-label").hidden = !this.told.asks_pin;
    at("against-ticket").textContent = (this.wish === "overrule" ? this.told.refused : this.isBySupervisor ? null : this.told.undoable) ?? "The ticket shown last";
  }

  submit() {
    const said = { why: at("why-against").value, by: at("by").value, pin: at("pin").value, shown: this.told.shown };
    const wish = this.wish === "undo" && this.isBySupervisor ? "undo-last" : this.wish;
    at("pin").value = "";
    at("against-wrong").textContent = "";
    at("against-yes").disabled = true;
    this.send({ do: wish, ...said });
  }

  /// What is wrong with what was typed.
  wrong(why) {
    at("against-wrong").textContent = why;
    at("against-yes").disabled = false;
  }
}
