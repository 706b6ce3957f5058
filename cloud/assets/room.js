// A waiting room: asks how it stands, which is one answer for everybody, and compares it with this browser's rank. When it is its turn, or the
// order is drawn, the page is loaded again and leads on.
"use strict";
(() => {
  const room = document.getElementById("room");
  const { event, phase, status, rank } = room.dataset;
  if (status !== "waiting" && status !== "undrawn") return;
  const [NEAR_MS, FAR_MS] = [2000, 6000];
  const place = document.getElementById("place");
  const time = document.getElementById("time");
  let failures = 0;

  // Not all at the same moment.
  const again = (ms) => setTimeout(look, ms * (0.75 + Math.random() / 2));

  function show(ahead, perMinute) {
    place.textContent = ahead === 0 ? said("you-are-next") : counted("before-you", ahead);
    const minutes = Math.ceil((ahead + 1) / perMinute);
    const says = minutes <= 90 ? counted("takes-minutes", minutes) : counted("takes-hours", Math.ceil(minutes / 60));
    // A screen reader says it only when it has changed.
    if (time.textContent !== says) time.textContent = says;
  }

  async function look() {
    let wait = FAR_MS;
    try {
      const response = await fetch(`/v1/events/${event}/waiting-room`);
      if (response.status === 404) return location.reload();
      if (!response.ok) throw new Error(response.status);
      failures = 0;
      const now = await response.json();
      if (now.phase !== phase) return location.reload();
      if (status === "waiting") {
        const ahead = Number(rank) - now.through;
        if (ahead < 0) return location.reload();
        show(ahead, now.per_minute);
        if (ahead < now.per_minute) wait = NEAR_MS;
      }
    } catch {
      failures += 1; // The line is bad, or everybody asks: less often then.
      wait = FAR_MS * Math.min(failures + 1, 10);
    }
    again(wait);
  }

  again(NEAR_MS);
})();
