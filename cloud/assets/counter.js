// The counter of the box office: opens a till, sells from it, closes it. Talks to the organizer's API as whoever is logged in.
"use strict";
(() => {
  const root = document.getElementById("counter");
  const token = document.querySelector("meta[name=form-token]").content;
  const path = `/v1/organizer/events/${root.dataset.event}`;
  const scale = 10 ** Number(root.dataset.decimals);
  const $ = (id) => document.getElementById(id);
  let key = null; // idempotency key of the sale that is being made, kept until it has an outcome

  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const words = JSON.parse($("words").textContent);
  const worded = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const say = (text) => { $("says").textContent = text; $("says").hidden = !text; };

  function minor(text) {
    const amount = Number(text.trim().replace(",", "."));
    if (!text.trim() || !Number.isFinite(amount) || amount < 0) throw new Error(worded("not-an-amount"));
    return Math.round(amount * scale);
  }

  async function ask(to, body) {
    const response = await fetch(path + to, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": token },
      body: JSON.stringify(body),
    }).catch(() => { throw new Error(worded("no-answer")); });
    const answer = await response.json().catch(() => { throw new Error(worded("no-answer")); });
    const isReused = answer.type === "urn:usher:problem:idempotency-key-reused";
    if (!response.ok) throw Object.assign(new Error(isReused ? worded("sold-before") : answer.detail), { status: response.status });
    return answer;
  }

  function on(id, work) {
    $(id)?.addEventListener("submit", async (submit) => {
      submit.preventDefault();
      const button = submit.submitter;
      button.disabled = true;
      say("");
      try {
        await work(new FormData(submit.target), submit.target);
      } catch (error) {
        say(error.message);
      } finally {
        button.disabled = false;
      }
    });
  }

  on("open", async (data) => {
    await ask("/tills", { name: data.get("name").trim(), cash: minor(data.get("cash")) });
    location.reload();
  });

  on("sale", async (data, form) => {
    const inputs = [...form.querySelectorAll("input[data-tier]")];
    const tiers = inputs.map((input) => ({ tier: Number(input.dataset.tier), quantity: Number(input.value) }));
    $("print").hidden = true;
    // Until it is known what became of it, the same sale has the same key: it is made once.
    key ??= newKey();
    const sale = {
      till_id: root.dataset.till, paid_by: data.get("paid_by"), tiers: tiers.filter((line) => line.quantity > 0),
      name: data.get("name").trim(), email: data.get("email").trim(), idempotency_key: key,
    };
    try {
      const sold = await ask("/counter-sales", sale);
      const price = `${(sold.amount / scale).toFixed(root.dataset.decimals)} ${sold.currency}`;
      say(worded("sold", { tickets: sold.tickets.length, price, code: sold.code }));
      $("print").href = new URL(sold.page).pathname + "/print";
      $("print").hidden = false;
      form.reset();
    } catch (error) {
      if (!error.status || error.status >= 500) throw error;
      key = null;
      throw error;
    }
    key = null;
  });

  on("close", async (data) => {
    const closed = await ask(`/tills/${root.dataset.till}/close`, { cash: minor(data.get("cash")) });
    const by = Math.abs(closed.difference) / scale;
    say(closed.difference === 0 ? worded("count-right") : closed.difference < 0 ? worded("missing", { by }) : worded("too-much", { by }));
    [$("sale"), $("close")].forEach((form) => { form.hidden = true; });
  });
})();
