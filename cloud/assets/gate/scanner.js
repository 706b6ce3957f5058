// The worker that holds the scanner: it does what the scanner wants done, in its order. What is to be stored is flushed before anything
// after it is sent or shown.
import init, { PageScanner, Overruling, PageCode, not_saved, typed_codes } from "./usher_phone.js";
import { LogFile, drawKey, openKey, readDevice, writeDevice } from "./kept.js";

const BACKOFF_MS = [300, 1000, 2000, 4000, 8000];
let device = null;
let seed = null;
let log = null;
let scanner = null;
let link = null;
let failures = 0;
let linkTrouble = "";
let timer = 0;
let lastStatus = "";
let isEnrolling = false;
let lastJudged = "";
let position = { gate: null, out: false, persons: 1 };
const asked = new Map();
const waiting = [];

const tell = (message) => postMessage(message);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const random = (count) => crypto.getRandomValues(new Uint8Array(count));

// A clock that only goes forward, also over a phone's sleep, which the browser's own may leave out: while the page is awake it looks
// once a second, and a longer gap that only the wall clock has seen was sleep.
const clock = { slept: 0, wall: Date.now(), run: performance.now() };
function upMs() {
  const [wall, run] = [Date.now(), performance.now()];
  const [wallGap, runGap] = [wall - clock.wall, run - clock.run];
  if (wallGap > 5000 && wallGap - runGap > 2000) clock.slept += wallGap - runGap;
  [clock.wall, clock.run] = [wall, run];
  return clock.slept + run;
}

function now() {
  scanner.at(Date.now(), upMs());
}

function openScanner() {
  scanner?.free();
  scanner = null;
  const opened = new PageScanner(seed, log.bytes(), Date.now(), upMs());
  log.cut(opened.whole_bytes);
  scanner = opened;
  if (position.gate !== null) scanner.stand(position.gate, position.out, position.persons);
  drain();
}

/// Nothing that was not stored is known any more: the scanner is opened anew from the file as it was.
function lost(error) {
  console.error("the log took no write:", error.name);
  const dead = scanner;
  // Nothing that it wanted done behind the failed write is done.
  scanner = null;
  unlink();
  dead?.free();
  waiting.length = 0;
  tell({ is: "said", outcome: JSON.parse(not_saved()) });
  tell({ is: "unsaved" });
}

function drain() {
  while (scanner) {
    const task = scanner.poll();
    if (!task) break;
    if (task.kind === "persist") {
      try {
        log.append(task.bytes);
      } catch (error) {
        lost(error);
        return;
      }
    } else {
      carryOut(task);
    }
    task.free();
  }
  if (!scanner) return;
  const status = scanner.status();
  const whole = status + linkTrouble;
  if (whole !== lastStatus) {
    lastStatus = whole;
    const told = JSON.parse(status);
    // A number of people is said for one scan.
    position.persons = told.persons;
    if (position.gate === null && told.gates.length > 0) stand({ ...position, gate: told.gates[0].id });
    tell({ is: "status", status: told, link: linkTrouble, position });
  }
  clearTimeout(timer);
  timer = setTimeout(tick, scanner.rest_ms());
}

function tick() {
  if (!scanner) return;
  now();
  scanner.tick();
  drain();
  next();
}

function carryOut(task) {
  switch (task.kind) {
    case "send": link?.writer?.write(task.bytes).catch(() => unlink()); break;
    case "ask": ask(task.number, task.bytes); break;
    case "take_back": takeBack(task.number); break;
    case "say":
      tell({ is: "said", outcome: JSON.parse(task.text) });
      break;
    case "certificates":
      device.hashes = JSON.parse(task.text);
      writeDevice(device).catch((error) => console.error("the hub's certificates are not kept:", error.name));
      break;
    case "close":
      linkTrouble = { NotWelcome: "the hub refuses this scanner", NotTheHub: "somebody else answers at the hub's address",
        NoCommonVersion: "the hub speaks another version: load this page anew while online" }[task.text] ?? "";
      unlink();
      break;
  }
}

function options() {
  return { serverCertificateHashes: device.hashes.map((hash) => ({ algorithm: "sha-256", value: unhex(hash) })) };
}

async function keepLinked() {
  if (link || !scanner) return;
  if (!("WebTransport" in self)) {
    linkTrouble = "this browser cannot reach hubs (it has no WebTransport): it judges alone";
    return drain();
  }
  const mine = { transport: null, writer: null };
  link = mine;
  try {
    mine.transport = new WebTransport(`https://${device.hub}/link`, options());
    mine.transport.closed.catch(() => {});
    await mine.transport.ready;
    const stream = await mine.transport.createBidirectionalStream();
    if (link !== mine) return mine.transport.close();
    mine.writer = stream.writable.getWriter();
    now();
    scanner.connected(unhex(device.hashes.join("")), random(32));
    drain();
    const reader = stream.readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done || link !== mine) break;
      now();
      scanner.received(value);
      if (scanner.hub_is_linked()) [failures, linkTrouble] = [0, ""];
      drain();
      next();
    }
  } catch (error) {
    if (link === mine) linkTrouble ||= `the hub at ${device.hub} is not reached`;
    console.info("link:", error.message);
  }
  if (link === mine) unlink();
  failures += 1;
  setTimeout(keepLinked, BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)]);
}

function unlink() {
  if (!link) return;
  const { transport } = link;
  link = null;
  asked.clear();
  try { transport?.close(); } catch { /* It was closed already. */ }
  if (!scanner) return;
  now();
  scanner.disconnected();
  drain();
}

async function ask(number, frame) {
  const mine = link;
  const entry = {};
  asked.set(number, entry);
  try {
    const stream = await mine.transport.createBidirectionalStream();
    [entry.writer, entry.reader] = [stream.writable.getWriter(), stream.readable.getReader()];
    if (!asked.has(number)) return giveUp(entry);
    await entry.writer.write(frame);
    await entry.writer.close();
    for (;;) {
      const { value, done } = await entry.reader.read();
      if (done || !asked.has(number)) break;
      now();
      scanner.heard(number, value);
      drain();
      next();
    }
  } catch { /* The scanner hears that nothing comes any more. */ }
  if (!asked.delete(number) || !scanner) return;
  now();
  scanner.unheard(number);
  drain();
  next();
}

/// A network that comes back later must not deliver what nobody waits for.
function takeBack(number) {
  const entry = asked.get(number);
  asked.delete(number);
  if (entry) giveUp(entry);
}

function giveUp({ writer, reader }) {
  writer?.abort(0).catch(() => {});
  reader?.cancel(0).catch(() => {});
}

/// After a write that failed: tells whether the file takes one again.
function isOpenAgain() {
  if (scanner) return true;
  try {
    openScanner();
    if (scanner) {
      tell({ is: "saved" });
      keepLinked();
    }
  } catch (error) {
    lost(error);
  }
  return scanner !== null;
}

/// Does what staff want against the records, or says what to type instead.
function against(carryOutWish) {
  if (!isOpenAgain()) return;
  now();
  try {
    carryOutWish();
    tell({ is: "taken" });
  } catch (said) {
    tell({ is: "against", why: String(said) });
  }
  drain();
  next();
}

/// Shows the scanner a code; one that comes while another is on its way waits if it was typed, and is read again if a camera saw it.
function show(bytes, isTyped) {
  if (!isOpenAgain()) return;
  now();
  const showing = scanner.show(bytes, random(16));
  if (showing === "busy" && isTyped) waiting.push(bytes);
  if (showing === "judged") lastJudged = hex(bytes);
  if (showing === "repeated" || showing === "held") tell({ is: showing, isOnShow: hex(bytes) === lastJudged });
  drain();
}

function next() {
  while (waiting.length > 0 && scanner && !scanner.is_busy()) show(waiting.shift(), true);
}

function typed(text) {
  try {
    for (const code of JSON.parse(typed_codes(text))) show(new TextEncoder().encode(code), true);
  } catch (said) {
    tell({ is: "garbled", why: String(said) });
  }
}

function stand(to) {
  position = to;
  if (scanner) {
    now();
    scanner.stand(to.gate, to.out, to.persons);
  }
  if (device && device.gate !== to.gate) {
    device.gate = to.gate;
    writeDevice(device).catch(() => {});
  }
}

async function exchange(address, pins, text) {
  const transport = new WebTransport(address, pins);
  transport.closed.catch(() => {});
  await transport.ready;
  const stream = await transport.createBidirectionalStream();
  const writer = stream.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const answer = await new Response(stream.readable).text();
  transport.close();
  return answer;
}

/// The event that a code names, which was checked before.
function eventOf(text) {
  const fragment = text.trim().split("#").pop();
  return JSON.parse(atob(fragment.replaceAll("-", "+").replaceAll("_", "/"))).event;
}

/// The key is on the disk before the hub is asked: killed at any moment, the same code can be tried again with the same key.
async function enrol(text, name) {
  const code = new PageCode(text);
  if (!("WebTransport" in self)) throw "This browser has no WebTransport, by which a page reaches a hub: use Chrome or Edge 100, Firefox 125 or later.";
  if (!device || device.code !== text) {
    const drawn = await drawKey();
    seed = drawn.seed;
    device = { ...drawn.kept, code: text, name, hub: code.hub, hashes: JSON.parse(code.hashes), gate: null };
    await writeDevice(device);
  }
  let answer;
  try {
    answer = await exchange(`https://${code.hub}/events/${eventOf(text)}/v1/enrolments`, options(), code.request(seed, name));
  } catch (error) {
    if (typeof error === "string") throw error;
    throw `The hub at ${code.hub} is not reached: connect this phone to the venue's network, allow it if the browser asks, and try again with the same code.`;
  }
  const file = code.granted(seed, answer, Date.now());
  log.cut(0);
  log.append(file);
  device.code = null;
  await writeDevice(device);
  begin();
}

function begin() {
  openScanner();
  tell({ is: "stage", stage: "ready" });
  keepLinked();
}

/// Why this page cannot keep a log, in words.
function noStorage(error) {
  if (error?.name === "NoModificationAllowedError") return "This scanner is open in another tab or window: close that one, then load this page anew.";
  if (error?.name === "QuotaExceededError") return "There is no room left on this phone: make room, then load this page anew.";
  return "This browser keeps nothing for this page, as in a private window: open it in an ordinary window, over https, and allow it to store data.";
}

async function start() {
  await init({ module_or_path: "/gate/usher_phone_bg.wasm" });
  try {
    if (!navigator.storage?.getDirectory || !crypto.subtle) throw new Error("no storage");
    [log, device] = [await LogFile.open(), await readDevice()];
    if (device) seed = await openKey(device);
  } catch (error) {
    return tell({ is: "stage", stage: "stopped", why: noStorage(error) });
  }
  try {
    if (device && device.gate !== null) position.gate = device.gate;
    if (device && log.size > 0 && !device.code) return begin();
    tell({ is: "stage", stage: "fresh", code: device?.code ?? "", name: device?.name ?? "" });
  } catch (said) {
    tell({ is: "stage", stage: "stopped", why: typeof said === "string" ? said : noStorage(said) });
  }
}

onmessage = async ({ data }) => {
  switch (data.do) {
    case "enrol":
      // A second touch, or the same code seen by both eyes: the log of a device that has begun must not be begun again.
      if (isEnrolling || scanner) break;
      isEnrolling = true;
      try {
        await enrol(data.code, data.name);
      } catch (said) {
        tell({ is: "enrolling", why: typeof said === "string" ? said : noStorage(said) });
      }
      isEnrolling = false;
      break;
    case "code": show(data.bytes, false); break;
    case "typed": typed(data.text); break;
    case "stand":
      stand(data.position);
      lastStatus = "";
      drain();
      break;
    case "undo": against(() => scanner.undo(data.why, data.shown)); break;
    case "undo-last": against(() => scanner.undo_last(new Overruling(data.by, data.why, data.pin), data.shown)); break;
    case "overrule": against(() => scanner.overrule(new Overruling(data.by, data.why, data.pin), data.shown, random(16))); break;
    case "link": failures = 0; keepLinked(); break;
    case "certificates": tell({ is: "certificates", hub: device?.hub, hashes: device?.hashes ?? [] }); break;
  }
};

start().catch((error) => {
  console.error("the scanner does not start:", error);
  tell({ is: "stage", stage: "stopped", why: "The scanner does not start in this browser: load the page anew, or use a current Chrome, Edge or Firefox." });
});
