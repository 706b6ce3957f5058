// Leads whoever comes back from the bank to their booking, on the page of an event that sells nothing now; where it sells, sell.js does.
"use strict";
(async () => {
  const { event } = document.getElementById("event").dataset;
  try {
    const id = localStorage.getItem(`usher-reservation-${event}`);
    if (!id) return;
    const response = await fetch(`/v1/reservations/${id}`);
    if (!response.ok) return;
    const { booking } = await response.json();
    if (!booking || ["canceled", "declined"].includes(booking.status)) return;
    location.replace(`/bookings/${booking.booking_id}`);
  } catch {
    // A browser that keeps nothing leads nowhere, and without the network a reload tries again.
  }
})();
