// Waiting lists: joins one from an event's page, and takes what is offered on one's own page, which the event's page then sells. What it says
// on an event's page, it says in the words of sell.js, which is there too and knows the page's language: a browser that translates the page
// names another.
"use strict";
(() => {
  const take = document.getElementById("take");
  take?.addEventListener("click", () => {
    const { event, reservation } = take.dataset;
    try {
      localStorage.setItem(`usher-reservation-${event}`, reservation);
    } catch {
      // A browser that keeps nothing cannot carry it over: the API can.
    }
    location.assign(`/events/${event}`);
  });
  const form = document.getElementById("wait");
  form?.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const data = new FormData(form);
    const says = document.getElementById("wait-says");
    const body = {
      event_id: form.dataset.event,
      tier: Number(data.get("tier")),
      quantity: Number(data.get("quantity")),
      email: data.get("email").trim(),
      language,
    };
    try {
      const response = await fetch("/v1/waiting-list", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (!response.ok) throw new Error(refused(answer));
      location.assign(new URL(answer.page).pathname);
    } catch (error) {
      says.textContent = error.message;
    }
  });
})();
