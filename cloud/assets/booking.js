// Keeps the page of a booking up to date while its payment runs, and lets the event's page forget what has ended.
"use strict";
(() => {
  const { booking, event, status, open } = document.getElementById("booking").dataset;
  const EVERY_MS = 2500;

  function forget() {
    try {
      localStorage.removeItem(`usher-reservation-${event}`);
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  }

  async function look() {
    try {
      const response = await fetch(`/v1/bookings/${booking}`);
      if (response.ok && (await response.json()).status !== status) return location.reload();
    } catch {
      // The network is away: it is tried again.
    }
    setTimeout(look, EVERY_MS);
  }

  if (open === "true") setTimeout(look, EVERY_MS);
  // What was not paid is still held for another card.
  else if (!["declined", "canceled"].includes(status)) forget();
})();
