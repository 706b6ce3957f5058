// Keeps the whole page on the device, so that it starts with no network. Each build of the cloud names its files anew: a page is of
// one build or of another, never of parts of two.
"use strict";

const BUILD = "usher-gate-%BUILD%";
// What earlier builds of this page kept. The pages of tickets keep theirs beside it.
const EARLIER = /^(usher-gate-)?[0-9a-f]{16}$/;
const FILES = ["/gate", "/gate/gate.css", "/gate/page.js", "/gate/against.js", "/gate/scanner.js", "/gate/kept.js", "/gate/camera.js", "/gate/eyes.js", "/gate/usher_phone.js",
  "/gate/usher_phone_bg.wasm", "/gate/manifest.json", "/gate/icon.svg"];

self.addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(BUILD).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== BUILD && EARLIER.test(name)).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

// What is kept is served from here, whether there is a network or not.
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin || !FILES.includes(pathname)) return;
  const kept = caches.open(BUILD).then((cache) => cache.match(pathname));
  event.respondWith(kept.then((answer) => answer ?? fetch(event.request)));
});
