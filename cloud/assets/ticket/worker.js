// Keeps pages of tickets and what they load, so that they open without a network. With one, the newest is shown.
"use strict";
const KEPT = "usher-tickets";
const FILES = ["/assets/usher.css", "/assets/ticket.js"];
// A network that does not answer by then counts as none.
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  const keep = async () => {
    const kept = await caches.open(KEPT);
    await kept.addAll(FILES);
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function newest(request, path) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok && !answer.redirected) await kept.put(path, answer.clone());
    return answer.status < 500 ? answer : (await kept.match(path)) ?? answer;
  } catch {
    return (await kept.match(path)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const isPage = event.request.mode === "navigate" && pathname.startsWith("/tickets/");
  const isOurs = event.request.method === "GET" && origin === self.location.origin;
  if (isOurs && (isPage || FILES.includes(pathname))) event.respondWith(newest(event.request, pathname));
});
