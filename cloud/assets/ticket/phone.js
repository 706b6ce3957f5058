// The key that this phone has for a ticket: made here, kept here, and given to nobody, not even to this page's own script.

const STORE = "keys";

// Runs one request on the browser's store of keys.
function withKeys(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("usher-tickets", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "ticket" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const store = opening.result;
      const change = store.transaction(STORE, mode, { durability: "strict" });
      const request = work(change.objectStore(STORE));
      change.oncomplete = () => { store.close(); resolve(request.result); };
      change.onabort = () => { store.close(); reject(change.error); };
    };
  });
}

// What this phone has for a ticket: { ticket, secret, holder, next }, where `next` is the ticket that took its place; or nothing.
const keyOf = (ticket) => withKeys("readonly", (keys) => keys.get(ticket));
const keepKey = (kept) => withKeys("readwrite", (keys) => keys.put(kept));

// Makes a key for a ticket and keeps it before anybody is told of it. Throws where the browser cannot.
async function makeKey(ticket) {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const holder = [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const kept = { ticket, secret: pair.privateKey, holder };
  await keepKey(kept);
  return kept;
}

// Asks that this phone becomes the one which shows the ticket, and gives the ticket that it is then.
async function bindTicket(ticket, booking) {
  const kept = await keyOf(ticket).then((found) => found ?? makeKey(ticket));
  const asked = { holder: kept.holder, ...(booking && { booking_id: booking }) };
  const response = await fetch(`/v1/tickets/${ticket}/bind`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(refused(answer));
  if (answer.ticket_id !== ticket) {
    await keepKey({ ...kept, ticket: answer.ticket_id });
    await keepKey({ ticket, next: answer.ticket_id });
  }
  // The browser may throw away what it keeps for pages that were not opened for long: we ask it not to.
  await navigator.storage?.persist?.();
  return answer.ticket_id;
}

// Signs what the phone shows at a moment: the ticket's part that stays, the moment, and the signature of both.
async function shownAt(payload, secret, ms) {
  const signed = new Uint8Array(payload.length + 8);
  signed.set(payload);
  new DataView(signed.buffer).setBigUint64(payload.length, BigInt(ms), true);
  const label = new TextEncoder().encode("usher/live/1\0");
  const message = new Uint8Array(label.length + signed.length);
  message.set(label);
  message.set(signed, label.length);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", secret, message));
  const code = new Uint8Array(signed.length + signature.length);
  code.set(signed);
  code.set(signature, signed.length);
  return code;
}
