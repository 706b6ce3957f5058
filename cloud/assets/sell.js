// Sells an event on its page: choose, reserve, pay. Talks to the public API, and keeps the id of the reservation alone, so that whoever
// closes or reloads the page, or comes back from the bank, goes on where they were.
"use strict";
(() => {
  const root = document.getElementById("sell");
  const { event: eventId, currency } = root.dataset;
  const max = Number(root.dataset.max);
  const decimals = Number(root.dataset.decimals);
  const $ = (id) => document.getElementById(id);
  const picked = new Map(); // seat_id -> price
  let seated = new Set(); // tiers that are seats alone: of these a group gets the best
  let reservation = null;
  let key = null; // idempotency key of the attempt to pay that is running
  let countdown = null;
  let isAsking = false; // whether the time is up here, and the server is asked whether it is
  const ASK_EVERY_MS = 2500;

  // Not randomUUID: that exists only on pages served over TLS.
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const money = (minor) => minor === 0 ? "free" : (minor / 10 ** decimals).toFixed(decimals) + " " + currency;
  const kept = `usher-reservation-${eventId}`;
  const say = (text) => { $("message").textContent = text; $("message").hidden = !text; };
  const quantities = () => [...root.querySelectorAll("input[data-tier]")]
    .map((input) => ({ tier: Number(input.dataset.tier), price: Number(input.dataset.price), quantity: Math.max(0, Math.floor(Number(input.value)) || 0) }))
    .filter((line) => line.quantity > 0);

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
    if (!response.ok) throw Object.assign(new Error(answer?.detail ?? "Something went wrong."), { answer, status: response.status });
    return answer;
  }

  function total() {
    const lines = quantities();
    const count = picked.size || lines.reduce((sum, line) => sum + line.quantity, 0);
    const price = picked.size
      ? [...picked.values()].reduce((sum, one) => sum + one, 0)
      : lines.reduce((sum, line) => sum + line.quantity * line.price, 0);
    $("total").textContent = count === 0 ? "Nothing chosen yet" : `${count} ${count === 1 ? "ticket" : "tickets"}, ${money(price)}`;
    $("reserve").disabled = count === 0 || count > max;
    if (count > max) $("total").textContent = `At most ${max} tickets at once`;
  }

  function toggle(button, seat) {
    if (picked.delete(seat.seat_id)) {
      button.classList.remove("picked");
    } else {
      root.querySelectorAll("input[data-tier]").forEach((input) => { input.value = 0; });
      picked.set(seat.seat_id, seat.price);
      button.classList.add("picked");
    }
    button.setAttribute("aria-pressed", picked.has(seat.seat_id));
    total();
  }

  function seatButton(seat) {
    const button = document.createElement("button");
    const free = seat.status === "available";
    if (!free) picked.delete(seat.seat_id);
    button.type = "button";
    button.textContent = seat.number;
    button.className = "seat " + (picked.has(seat.seat_id) ? "picked" : free ? "free" : "gone");
    button.disabled = !free;
    const place = `${seat.section}, row ${seat.row}, seat ${seat.number}`;
    button.title = button.ariaLabel = `${place}, ${free ? money(seat.price) : "taken"}`;
    button.setAttribute("aria-pressed", picked.has(seat.seat_id));
    button.addEventListener("click", () => toggle(button, seat));
    return button;
  }

  function draw(seats) {
    const map = document.createDocumentFragment();
    let section = null, row = null, line = null;
    for (const seat of seats) {
      if (seat.section !== section) {
        section = seat.section;
        row = null;
        map.append(Object.assign(document.createElement("h4"), { textContent: section }));
      }
      if (seat.row !== row) {
        row = seat.row;
        line = Object.assign(document.createElement("div"), { className: "row" });
        line.append(Object.assign(document.createElement("span"), { textContent: row }));
        map.append(line);
      }
      line.append(seatButton(seat));
    }
    $("seats").replaceChildren(map);
  }

  // Nobody shall choose or pay for a date that they have not seen, or what is not sold now.
  const hasChanged = (event) => event.status !== "on_sale" || event.starts_at !== root.dataset.starts;

  async function refresh() {
    const { seats, tiers, ...event } = await ask("GET", `/v1/events/${eventId}/seats`);
    if (hasChanged(event)) return location.reload();
    for (const tier of tiers) {
      const left = root.querySelector(`[data-left="${tier.tier}"]`);
      if (left) left.textContent = tier.available;
      const input = root.querySelector(`input[data-tier="${tier.tier}"]`);
      if (input) input.disabled = tier.available === 0;
    }
    const all = ({ available, held, booked }) => available + held + booked;
    const hasSeatsOnly = (tier) => all(tier) === seats.filter((seat) => seat.tier === tier.tier).length;
    seated = new Set(tiers.filter(hasSeatsOnly).map(({ tier }) => tier));
    if ($("seats")) draw(seats);
    total();
  }

  async function reserve() {
    const wanted = quantities().map(({ tier, quantity }) => ({ tier, quantity }));
    const [{ tier, quantity: count } = {}] = wanted;
    const claim = picked.size
      ? { seat_ids: [...picked.keys()] }
      : wanted.length === 1 && seated.has(tier)
        ? { best_available: { tier, count } }
        : { tiers: wanted };
    if (hasChanged(await ask("GET", `/v1/events/${eventId}`))) return location.reload();
    pay(await ask("POST", "/v1/reservations", { event_id: eventId, ...claim }));
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
    reservation = held;
    keep(reservation.reservation_id);
    key = newKey();
    $("held").textContent = `${reservation.units.length} held, ${money(reservation.amount)} in all.`;
    $("token").hidden = reservation.amount === 0;
    $("book").textContent = reservation.amount === 0 ? "Book" : `Pay ${money(reservation.amount)}`;
    show(true);
    countdown = setInterval(tick, 500);
    tick();
    $("pay-title").focus();
  }

  function tick() {
    const seconds = Math.max(0, Math.floor((Date.parse(reservation.expires_at) - Date.now()) / 1000));
    $("left").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
    if (seconds === 0 && !$("book").disabled && !isAsking) timeUp();
  }

  // Whether the places are free again, the server says: it may have a payment of which the answer never came here.
  async function timeUp() {
    isAsking = true;
    try {
      const found = await ask("GET", `/v1/reservations/${reservation.reservation_id}`);
      if (toBooking(found)) return;
      if (["expired", "released"].includes(found.status)) return giveUp();
    } catch (error) {
      if (error.status === 404) return giveUp();
      // The network is away: it is tried again.
    } finally {
      setTimeout(() => { isAsking = false; }, ASK_EVERY_MS);
    }
  }

  function giveUp() {
    done();
    say("Your time is up, and the places are free for everybody again. Please choose again.");
    refresh().catch(() => {});
  }

  async function book(form) {
    const data = new FormData(form);
    const free = reservation.amount === 0;
    const request = { reservation_id: reservation.reservation_id, idempotency_key: key, email: data.get("email").trim() };
    if (!free) request.payment_token = data.get("token");
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
    show(false);
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
      if (error.status === 409 || error.status === 400) await refresh().catch(() => {});
    } finally {
      button.disabled = false;
      if (!reservation) total();
    }
  }

  root.addEventListener("input", (input) => {
    if (!input.target.matches("input[data-tier]")) return;
    picked.clear();
    root.querySelectorAll(".seat.picked").forEach((seat) => seat.classList.replace("picked", "free"));
    total();
  });
  $("reserve").addEventListener("click", () => during($("reserve"), reserve));
  $("payment").addEventListener("submit", (submit) => {
    submit.preventDefault();
    during($("book"), () => book(submit.target));
  });
  $("release").addEventListener("click", () => during($("release"), async () => {
    await ask("DELETE", `/v1/reservations/${reservation.reservation_id}`);
    done();
    await refresh();
  }));
  refresh().then(resume).catch((error) => say(error.message));
})();
