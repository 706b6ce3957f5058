// Sells an event on its page: choose, reserve, pay. Talks to the public API, and keeps the id of the reservation alone, so that whoever
// closes or reloads the page, or comes back from the bank, goes on where they were.
"use strict";
(() => {
  const root = document.getElementById("sell");
  const { event: eventId, currency } = root.dataset;
  const max = Number(root.dataset.max);
  const decimals = Number(root.dataset.decimals);
  const $ = (id) => document.getElementById(id);
  const tiers = readTiers(); // what is sold here, by id
  let house = null; // what is known of the seats
  let [map, list] = [null, null];
  let voucher = null; // the code that is used
  let reservation = null;
  let heard = null; // when the server said how long the reservation lasts
  let key = null; // idempotency key of the attempt to pay that is running
  let countdown = null;
  let isReserving = false;
  let isAsking = false; // whether the time is up here, and the server is asked whether it is
  const ASK_EVERY_MS = 2500;

  // Not randomUUID: that exists only on pages served over TLS.
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  // As the page itself writes amounts.
  function money(minor) {
    if (minor === 0) return said("free");
    const [whole, part] = (minor / 10 ** decimals).toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, said("group-mark"));
    return setApart(said("amount", { number: part ? grouped + said("decimal-mark") + part : grouped, currency }));
  }
  const kept = `usher-reservation-${eventId}`;
  const say = (text) => { $("message").textContent = text; $("message").hidden = !text; };
  const quantities = () => [...tiers]
    .map(([tier, { input, price }]) => ({ tier, price, quantity: Math.max(0, Math.floor(Number(input.value)) || 0) }))
    .filter((line) => line.quantity > 0);
  const picks = () => [...house?.picked ?? []];
  const sold = () => new Map([...tiers].filter(([, tier]) => !tier.closed));

  function readTiers() {
    const inputs = [...root.querySelectorAll("input[data-tier]")];
    return new Map(inputs.map((input) => [Number(input.dataset.tier), {
      input,
      name: input.dataset.name,
      price: Number(input.dataset.price),
      full: Number(input.dataset.price),
      min: Number(input.dataset.min),
      max: Number(input.dataset.max) || Infinity,
      closed: "closed" in input.dataset,
    }]));
  }

  // A browser that keeps nothing sells all the same.
  function keep(id) {
    try {
      if (id) localStorage.setItem(kept, id);
      else localStorage.removeItem(kept);
    } catch {}
  }

  function keptId() {
    try {
      return localStorage.getItem(kept);
    } catch {
      return null;
    }
  }

  async function ask(method, path, body) {
    const response = await fetch(path, {
      method,
      headers: body ? { "content-type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    const answer = text ? JSON.parse(text) : null;
    if (!response.ok) throw Object.assign(new Error(refused(answer)), { answer, status: response.status });
    return answer;
  }

  // What is chosen, as seats or as numbers of tickets: how many of each tier.
  function chosen() {
    if (!picks().length) return quantities();
    const lines = new Map();
    for (const seat of picks()) {
      const tier = house.tier[seat];
      const line = lines.get(tier) ?? { tier, price: house.price(seat), quantity: 0 };
      lines.set(tier, line);
      line.quantity += 1;
    }
    return [...lines.values()];
  }

  // Has the prices that the code gives, and the tiers that it unlocks, on the page.
  async function useCode(form) {
    const text = new FormData(form).get("voucher").trim();
    const good = text ? await ask("POST", "/v1/vouchers/check", { event_id: eventId, voucher: text }) : null;
    voucher = good && good.voucher;
    const given = picks();
    house?.picked.clear();
    for (const [id, tier] of tiers) {
      Object.assign(tier, { price: tier.full, closed: "closed" in tier.input.dataset });
      if (!tier.unlocked) continue;
      tier.unlocked.remove();
      tiers.delete(id);
    }
    // Whether a code opens a tier before its time, the server says.
    for (const { tier: id, ...shown } of good?.tiers ?? []) {
      if (!tiers.has(id)) unlock(id, shown);
      Object.assign(tiers.get(id), { price: shown.price_with_code, closed: !shown.on_sale });
    }
    for (const [id, tier] of tiers) {
      root.querySelector(`[data-shown="${id}"]`).textContent = money(tier.price);
      tier.input.disabled = tier.closed || tier.available === 0;
    }
    if (house) house.tiers = sold();
    $("code-says").textContent = voucher ? said("code-used", { code: voucher }) : "";
    map?.redraw();
    showSeats(given);
    await refresh();
  }

  function unlock(id, { name, price, available }) {
    const make = (kind, members, data, ...inside) => {
      const made = Object.assign(document.createElement(kind), members);
      Object.assign(made.dataset, data);
      made.append(...inside);
      return made;
    };
    const input = make("input", { type: "number", inputMode: "numeric", min: 0, max, value: 0 }, { tier: id });
    const left = make("span", { textContent: available }, { left: id });
    const what = make("span", {}, {}, make("strong", {}, {}, make("bdi", {}, {}, name)), make("br", {}, {}), make("span", { className: "price" }, { shown: id }), " · ", make("small", {}, {}, left, " ", said("tickets-left")));
    const unlocked = make("li", { className: "tier" }, {}, what, make("label", {}, {}, said("how-many"), " ", input));
    $("tiers").append(unlocked);
    tiers.set(id, { input, name, price, full: price, min: 0, max, available, unlocked });
  }

  // Says what is wrong with an order, as the server would; the server has the last word.
  function trouble(lines, count) {
    if (count > max) return counted("most-tickets", max);
    for (const { tier, quantity } of lines) {
      const { name, min, max: most } = tiers.get(tier);
      if (quantity < min) return said("fewest-of", { fewest: min, tier: name });
      if (quantity > most) return said("most-of", { most, tier: name });
    }
    return null;
  }

  function total() {
    const lines = chosen();
    const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    const price = lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
    const wrong = trouble(lines, count);
    $("total").textContent = count === 0 ? said("nothing-chosen") : wrong ?? counted("tickets-sum", count, { price: money(price) });
    $("reserve").disabled = count === 0 || wrong !== null;
    if ($("picks")) $("picks").textContent = picks().map((seat) => house.name(seat)).join("; ");
  }

  const words = {
    from: (from) => from === 0 ? said("free-of-charge") : said("price-from", { price: money(from) }),
    lines: (name, left, from) => left === 0 ? [name, said("none-left")] : [name, counted("seats-left", left), words.from(from)],
    left: (left, from) => left === 0 ? said("none-left") : said("left-from", { left: counted("seats-left", left), price: words.from(from) }),
    seat(seat) {
      const price = () => house.tiers.has(house.tier[seat]) ? money(house.price(seat)) : "";
      const says = [price, () => said("seat-yours"), () => said("seat-taken"), price];
      return said("seat-is", { seat: house.name(seat), state: says[house.look(seat)]() });
    },
  };

  function pick(seat) {
    if (!house.picked.delete(seat)) {
      if (house.look(seat) === GONE) return;
      tiers.forEach(({ input }) => { input.value = 0; });
      house.picked.add(seat);
    }
    showSeats([seat]);
  }

  function showSeats(seats) {
    map?.changed(seats);
    list?.changed();
    total();
  }

  // Seats that somebody else has are not picked any more, and whoever had picked them is told.
  function lose() {
    const lost = picks().filter((seat) => house.state[seat] !== AVAILABLE);
    // What this page is reserving is its own.
    if (reservation || isReserving || lost.length === 0) return;
    lost.forEach((seat) => house.picked.delete(seat));
    say(said("lost-seats", { seats: lost.map((seat) => house.name(seat)).join("; ") }));
  }

  function left({ tier, available }) {
    const input = tiers.get(tier)?.input;
    if (!input) return;
    root.querySelector(`[data-left="${tier}"]`).textContent = available;
    input.disabled = available === 0 || tiers.get(tier).closed;
    tiers.get(tier).available = available;
  }

  const feed = new Feed(eventId, {
    layout(layout) {
      if (house) return location.reload();
      if ($("map")) $("map").hidden = false;
      const { clientWidth: width, clientHeight: height } = root.querySelector("canvas") ?? {};
      house = new House(layout, sold(), width / height || 1);
      if (!$("map")) return;
      list = new SeatList($("list"), house, words, { pick });
      map = new SeatMap($("map"), house, words, { pick });
      if (reservation) sayHeld();
    },
    all(seats, counts) {
      const isFirst = house.isKnown !== true;
      house.know(seats);
      counts.forEach(left);
      lose();
      if (isFirst) list?.begin();
      house.isKnown = true;
      map?.redraw();
      showSeats([]);
    },
    changes({ available = [], held = [], booked = [], tiers: counts = [] }) {
      [available, held, booked].forEach((seats, state) => seats.forEach((seat) => { house.state[seat] = state; }));
      counts.forEach(left);
      lose();
      showSeats([...available, ...held, ...booked]);
    },
  });

  // Nobody shall choose or pay for a date or price that they have not seen, or what is not sold now.
  const hasChanged = (event) => event.status !== "on_sale" || event.starts_at !== root.dataset.starts
    || event.tiers.some(({ tier, price }) => tiers.get(tier)?.full !== price);

  async function refresh() {
    if (hasChanged(await ask("GET", `/v1/events/${eventId}`))) return location.reload();
    await feed.look();
    lose();
    map?.redraw();
    list?.changed();
  }

  // Of a tier of which all that is left are seats, a group gets the best.
  const seatsOnly = (tier) => house !== null && house.free(tier) > 0 && house.free(tier) === tiers.get(tier).available;

  async function reserve() {
    const wanted = quantities().map(({ tier, quantity }) => ({ tier, quantity }));
    const [{ tier, quantity: count } = {}] = wanted;
    const claim = picks().length
      ? { seat_ids: picks() }
      : wanted.length === 1 && seatsOnly(tier)
        ? { best_available: { tier, count } }
        : { tiers: wanted };
    if (hasChanged(await ask("GET", `/v1/events/${eventId}`))) return location.reload();
    isReserving = true;
    try {
      const request = { event_id: eventId, ...claim, ...(voucher && { voucher }) };
      pay(await proven((proof) => ask("POST", "/v1/reservations", { ...request, ...proof })));
    } finally {
      isReserving = false;
    }
  }

  // Asks, and once more with a proof of work where one is wanted.
  async function proven(request) {
    try {
      return await request();
    } catch (error) {
      const challenge = error.answer?.challenge;
      // Without TLS a browser has nothing to work with.
      if (!challenge || !crypto.subtle) throw error;
      say(said("proving"));
      const solution = await solutionOf(challenge);
      if (!solution) throw error;
      say("");
      return request({ proof: btoa(JSON.stringify({ challenge, solution })) });
    }
  }

  // Nothing where it takes too long, or cannot be done.
  function solutionOf(challenge) {
    const worker = new Worker("/assets/altcha-pbkdf2.js");
    return new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data?.derivedKey ? data : null);
      worker.onerror = () => resolve(null);
      worker.postMessage({ type: "work", challenge });
    }).finally(() => worker.terminate());
  }

  // Goes on with what this browser has begun, in whatever state it is.
  async function resume() {
    const id = keptId();
    if (!id) return;
    try {
      const found = await ask("GET", `/v1/reservations/${id}`);
      if (found.status === "held") return pay(found);
      if (toBooking(found)) return;
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    keep(null);
  }

  // Leads to the payment of a reservation, if there is one that runs or is through.
  function toBooking({ booking }) {
    if (!booking || ["canceled", "declined"].includes(booking.status)) return false;
    location.replace(`/bookings/${booking.booking_id}`);
    return true;
  }

  function pay(held) {
    lasts(held);
    keep(reservation.reservation_id);
    key = newKey();
    sayHeld();
    $("token").hidden = reservation.amount === 0;
    $("book").textContent = reservation.amount === 0 ? said("book") : said("pay-amount", { amount: money(reservation.amount) });
    show(true);
    countdown = setInterval(tick, 500);
    tick();
    $("pay-title").focus();
  }

  function sayHeld() {
    const { units, amount } = reservation;
    const seats = units.filter(({ unit }) => unit < (house?.count ?? 0)).map(({ unit }) => house.name(unit));
    $("held").textContent = `${counted("held", units.length, { amount: money(amount) })} ${seats.join("; ")}`;
  }

  function lasts(held) {
    reservation = held;
    heard = { steady: performance.now(), clock: Date.now() };
  }

  // By no moment of this machine's clock, which may be wrong and may be set; but a steady time can stand still while a phone sleeps.
  function tick() {
    const since = Math.max(performance.now() - heard.steady, Date.now() - heard.clock);
    const seconds = Math.max(0, Math.floor((reservation.expires_in_ms - since) / 1000));
    $("left").textContent = said("time-left", { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` });
    if (seconds === 0 && !$("book").disabled && !isAsking) timeUp();
  }

  // Whether the places are free again, the server says: it may have a payment of which the answer never came here.
  async function timeUp() {
    isAsking = true;
    try {
      const found = await ask("GET", `/v1/reservations/${reservation.reservation_id}`);
      if (toBooking(found)) return;
      if (["expired", "released"].includes(found.status)) return giveUp();
      lasts(found);
    } catch (error) {
      if (error.status === 404) return giveUp();
      // The network is away: it is tried again.
    } finally {
      setTimeout(() => { isAsking = false; }, ASK_EVERY_MS);
    }
  }

  function giveUp() {
    done();
    say(said("time-up"));
    refresh().catch(() => {});
  }

  async function book(form) {
    const data = new FormData(form);
    const free = reservation.amount === 0;
    const request = { reservation_id: reservation.reservation_id, idempotency_key: key, email: data.get("email").trim(), language };
    if (!free && data.get("token") === "invoice") request.by_invoice = true;
    else if (!free) request.payment_token = data.get("token");
    const booking = await ask("POST", "/v1/bookings", request);
    if (booking.action) location.assign(booking.action.redirect_to);
    else location.assign(`/bookings/${booking.booking_id}`);
  }

  function show(paying) {
    $("choose").hidden = paying;
    $("pay").hidden = !paying;
  }

  function done() {
    clearInterval(countdown);
    reservation = null;
    keep(null);
    house?.picked.clear();
    show(false);
    map?.redraw();
    list?.changed();
  }

  async function during(button, work) {
    button.disabled = true;
    say("");
    try {
      await work();
    } catch (error) {
      say(error.message);
      // Another card is worth a try only while the places are held.
      if (error.status === 402) await timeUp();
      // Another card, or a mended address, is another request: it needs a key of its own.
      if ([402, 422].includes(error.status)) key = newKey();
      if (error.status === 400) done();
      // The turn is over, or was never theirs: the waiting room says more.
      if (error.answer?.type === "urn:usher:problem:wait-first") location.assign(`/events/${eventId}/wait`);
      // Whoever cannot prove that they work proves that they read mail.
      if (error.answer?.challenge) location.assign(`/my-tickets?event=${eventId}`);
      error.answer?.taken?.forEach((seat) => { house.state[seat] = HELD; });
      if (error.status === 409 || error.status === 400) await refresh().catch(() => {});
    } finally {
      button.disabled = false;
      if (!reservation) total();
    }
  }

  root.addEventListener("input", (input) => {
    if (!input.target.matches("input[data-tier]")) return;
    const given = picks();
    house?.picked.clear();
    showSeats(given);
  });
  $("price")?.addEventListener("change", (choice) => {
    house.dearest = choice.target.value === "" ? Infinity : Number(choice.target.value);
    map?.redraw();
    showSeats([]);
  });
  $("reserve").addEventListener("click", () => during($("reserve"), reserve));
  $("code").addEventListener("submit", (submit) => {
    submit.preventDefault();
    during(submit.submitter, () => useCode(submit.target));
  });
  $("payment").addEventListener("submit", (submit) => {
    submit.preventDefault();
    during($("book"), () => book(submit.target));
  });
  $("release").addEventListener("click", () => during($("release"), async () => {
    await ask("DELETE", `/v1/reservations/${reservation.reservation_id}`);
    done();
    await refresh();
  }));
  total();
  resume().catch((error) => say(error.message));
  feed.start().catch((error) => say(error.message));
})();
