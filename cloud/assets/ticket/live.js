// The page of a ticket: binds it to this phone, and then shows its code anew every ten seconds, with a network or without.
(() => {
  const EVERY_MS = 10_000, COMPARE_MS = 60_000;
  // Digits as on signs and watches at the venue, in every language.
  const timeIn = `${language}-u-nu-latn`;
  const page = document.getElementById("ticket");
  const { ticket, state, payload, holder } = page.dataset;
  const booking = location.hash.slice(1);
  const element = (id) => document.getElementById(id);
  const say = (id, text) => { if (element(id)) element(id).textContent = text; };
  const goTo = (next) => location.replace(`/tickets/${next}${location.hash}`);

  const CANNOT = said("cannot-hold-keys");
  const canHoldKeys = () => window.isSecureContext && crypto.subtle && window.indexedDB;

  // Keeps the page for when there is no network.
  async function keepPage() {
    if (!("serviceWorker" in navigator)) return say("offline", said("keeps-no-pages"));
    try {
      await navigator.serviceWorker.register("/assets/ticket-worker.js", { scope: "/tickets/" });
      await navigator.serviceWorker.ready;
      const pages = await caches.open("usher-tickets");
      await pages.add(location.pathname);
    } catch {
      // Without a network nothing is kept anew, and what was kept is there.
      const isKept = await caches.match(location.pathname);
      if (!isKept) return say("offline", said("page-not-kept"));
    }
    return say("offline", said("page-kept"));
  }

  // Asks how the ticket stands, and compares the clocks by the answer.
  async function ask() {
    const askedAt = Date.now();
    try {
      const response = await fetch(`/v1/tickets/${ticket}`, { cache: "no-store" });
      compareClock(response, askedAt);
      const now = response.ok ? await response.json() : null;
      if (now && now.status !== "valid") return location.reload();
    } catch {
      // No network: the clock goes on as it was compared.
    }
    say("clock-trouble", clockTrouble());
    setTimeout(ask, COMPARE_MS);
  }

  function show(secret) {
    const bytes = bytesOfText(payload);
    const draw = async () => {
      const now = ourTime();
      drawCode(element("live-code"), codeModules(decimalText(await shownAt(bytes, secret, now))));
      page.dataset.shownAt = now;
      say("shown-at", new Date(now).toLocaleTimeString(timeIn));
    };
    // A page that comes back to the front has an old code.
    document.addEventListener("visibilitychange", () => { if (!document.hidden) draw(); });
    setInterval(draw, EVERY_MS);
    element("live").hidden = false;
    return draw();
  }

  async function bind() {
    const button = element("bind");
    button.disabled = true;
    say("bind-says", "");
    try {
      if (!canHoldKeys()) throw new DOMException(CANNOT, "NotSupportedError");
      goTo(await bindTicket(ticket, booking));
    } catch (error) {
      const isNetwork = error instanceof TypeError;
      const cannot = error instanceof DOMException ? CANNOT : error.message;
      say("bind-says", isNetwork ? said("no-network") : cannot);
      button.disabled = false;
    }
  }

  async function begin() {
    // Whoever reads on in another language still comes from their booking.
    document.querySelectorAll(".languages a").forEach((link) => { link.hash = location.hash; });
    const kept = canHoldKeys() ? await keyOf(ticket).catch(() => undefined) : undefined;
    if (kept?.next) return goTo(kept.next);
    // The answer to our own request was lost: the same key asks again.
    if (kept && state === "void") return goTo(await bindTicket(ticket, booking));
    if (state === "void") return undefined;
    // A key of ours that asked in vain is not the ticket's.
    if (state === "live" && kept?.holder === holder) {
      keepPage();
      ask();
      return show(kept.secret);
    }
    element("elsewhere")?.removeAttribute("hidden");
    element("binding").hidden = false;
    element("bind").addEventListener("click", bind);
    return undefined;
  }

  begin().catch(() => say("bind-says", CANNOT));
})();
