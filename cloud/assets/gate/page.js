// The page: draws what the worker says, hands on what people do. It decides nothing.
import { Camera } from "./camera.js";
import { Sheet } from "./against.js";

const SHOWN_MS = 4000;
/// A wedge's keys follow each other faster than anybody types.
const BURST_MS = 50;
const MOST_LISTED = 10;
const TONES = { admit: [[880, 0.12], [1320, 0.16]], deny: [[196, 0.5]], refer: [[523, 0.15], [392, 0.25]], unanswered: [[392, 0.3]], barred: [[196, 0.5]] };
const SHAKES = { admit: [60], deny: [200, 80, 200], refer: [120, 60, 60], unanswered: [300], barred: [200, 80, 200] };
const at = (id) => document.getElementById(id);
const scanner = new Worker("/gate/scanner.js", { type: "module" });
let stage = "";
let hiding = 0;
let audio = null;
let lock = null;
let isUnsaved = false;
let lastTold = null;
let lastKey = { at: -Infinity, text: "" };
let personsBefore = "1";
const ONCE = "Same code again: it counts once. To scan it a second time, take it away for 3 seconds";

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

function texts(list, lines) {
  list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

function sound(signal) {
  navigator.vibrate?.(SHAKES[signal] ?? []);
  if (audio?.state !== "running") return;
  let begins = audio.currentTime;
  for (const [pitch, seconds] of TONES[signal] ?? []) {
    const tone = new OscillatorNode(audio, { frequency: pitch, type: signal === "deny" ? "square" : "sine" });
    tone.connect(audio.destination);
    tone.start(begins);
    tone.stop(begins + seconds);
    begins += seconds;
  }
}

function said(outcome) {
  const verdict = at("verdict");
  verdict.dataset.signal = outcome.signal;
  verdict.dataset.outcome = outcome.outcome;
  verdict.querySelector(".words").textContent = outcome.words;
  verdict.querySelector(".reason").textContent = outcome.reason ?? "";
  texts(verdict.querySelector(".details"), outcome.details);
  verdict.querySelector(".alone").textContent = outcome.alone ? "JUDGED ALONE: no hub gave an answer" : "";
  const button = at("against-verdict");
  button.dataset.wish = { admit: "undo", deny: "overrule", refer: "overrule" }[outcome.signal] ?? "";
  button.textContent = { undo: "Nobody passed: undo", overrule: "Let in anyway" }[button.dataset.wish] ?? "";
  button.hidden = button.dataset.wish === "";
  verdict.hidden = false;
  if (outcome.outcome === "waiting") {
    clearTimeout(hiding);
    return;
  }
  sound(outcome.signal);
  const item = document.createElement("li");
  item.dataset.outcome = outcome.outcome;
  item.textContent = [new Date().toLocaleTimeString(), outcome.words, outcome.reason, outcome.alone ? "judged alone" : ""].filter(Boolean).join(" · ");
  at("last").prepend(item);
  while (at("last").children.length > MOST_LISTED) at("last").lastChild.remove();
  keepShowing();
}

function keepShowing() {
  clearTimeout(hiding);
  hiding = setTimeout(() => { at("verdict").hidden = true; }, SHOWN_MS);
}

function showStatus({ status: told, link, position }) {
  at("place").textContent = told.event;
  const line = at("line");
  line.dataset.rung = told.rung;
  const rung = { fresh: "FRESH", hub: "HUB", alone: "ALONE" }[told.rung];
  line.textContent = [rung, told.line, link].filter(Boolean).join(" | ");
  const unsaved = isUnsaved ? ["This phone cannot save: free some space. Tickets are not checked until then."] : [];
  texts(at("troubles"), [...unsaved, ...told.troubles]);
  lastTold = told;
  at("counts").textContent = told.counts.join(", ");
  at("override").disabled = told.refused === null;
  if (document.activeElement !== at("persons")) at("persons").value = String(told.persons);
  at("facts").textContent = `${told.device}. ${told.alone} judged alone since a hub last answered, ${told.kept} records not handed on yet.`;
  const gates = at("gate");
  if (JSON.stringify(told.gates) !== gates.dataset.known) {
    gates.dataset.known = JSON.stringify(told.gates);
    gates.replaceChildren(...told.gates.map(({ id, name }) => new Option(name, id)));
  }
  if (position.gate !== null && document.activeElement !== gates) gates.value = String(position.gate);
  // Browsers bring back what was chosen before a page was loaded anew.
  document.querySelector(`input[name='way'][value='${position.out ? "out" : "in"}']`).checked = true;
  at("network").hidden = told.rung !== "alone";
}

function enter(next) {
  stage = next.stage;
  for (const id of ["fresh", "ready", "stopped"]) at(id).hidden = id !== stage;
  document.body.dataset.stage = stage;
  if (stage === "stopped") at("why").textContent = next.why;
  if (stage === "fresh") {
    at("line").textContent = "Not enrolled";
    at("page-code").value = fromAddress || next.code || "";
    if (next.name) at("name").value = next.name;
  }
  if (stage === "ready") {
    askToBeKept();
    at("enrolling").textContent = "";
  }
}

/// Browsers throw away what pages keep when room is short, and with a private window; some promise not to.
async function askToBeKept() {
  const isKept = await navigator.storage.persist?.().catch(() => false);
  at("keeping").textContent = isKept ? "" : "This browser may throw away what this scanner has written: use no private window, put the page on the home screen, and stay in reach of a hub.";
}

scanner.onmessage = ({ data }) => {
  switch (data.is) {
    case "stage": enter(data); break;
    case "said": said(data.outcome); break;
    case "status": showStatus(data); break;
    case "enrolling": at("enrolling").textContent = data.why; break;
    // Nobody passes under the result of whoever came before.
    case "garbled": said({ signal: "unanswered", outcome: "garbled", words: "Scan again", reason: data.why, details: [], alone: false }); break;
    case "held": if (data.isOnShow) keepShowing(); break;
    case "repeated":
      at("hint").textContent = ONCE;
      if (data.isOnShow) {
        at("verdict").querySelector(".alone").textContent = ONCE;
        keepShowing();
      }
      break;
    case "taken": sheet.close(); break;
    case "against": sheet.wrong(data.why); break;
    case "unsaved": isUnsaved = true; texts(at("troubles"), ["This phone cannot save: free some space. Tickets are not checked until then."]); break;
    case "saved": isUnsaved = false; texts(at("troubles"), []); break;
    case "certificates": askForNetwork(data); break;
  }
};
scanner.onerror = () => enter({ stage: "stopped", why: "The scanner did not start in this browser: load the page anew, or use a current Chrome, Edge or Firefox." });

const sheet = new Sheet((wish) => scanner.postMessage(wish));

const camera = new Camera(at("video"), (sight, effort) => {
  if (effort === "quick") at("hint").textContent = sight.hint ?? "";
  for (const code of sight.codes) {
    const bytes = bytesOf(code);
    // What is asked on the sheet is about the ticket that was shown before.
    if (stage === "ready" && !sheet.isOpen) scanner.postMessage({ do: "code", bytes });
    const text = new TextDecoder().decode(bytes);
    if (stage === "fresh" && text.includes("/gate#")) {
      at("page-code").value = text;
      enrol();
      camera.stop();
    }
  }
});

const NO_CAMERA = { NotAllowedError: "The camera is not allowed: allow it in the browser's settings for this page, then start it again.",
  NotFoundError: "This device has no camera: type the codes, or use a scanner that types.",
  NoPictures: "The camera sends no pictures: start it again, or close other apps that use it." };
const noCamera = (error) => NO_CAMERA[error.name] ?? "The camera does not start: close other apps that use it, then start it again.";

async function startCamera() {
  audio ??= new AudioContext();
  audio.resume();
  try {
    await camera.start();
    at("start").textContent = "Camera is on";
    at("hint").textContent = "";
    await drawCamera();
  } catch (error) {
    at("hint").textContent = noCamera(error);
  }
  stayAwake();
}

/// What this camera can do, and which others there are.
async function drawCamera() {
  at("torch").hidden = !camera.hasTorch();
  at("torch").setAttribute("aria-pressed", "false");
  const zoom = camera.zoomRange();
  at("zoom-label").hidden = zoom === null;
  if (zoom) Object.assign(at("zoom"), { min: zoom.min, max: zoom.max, step: zoom.step || 0.1, value: zoom.now });
  const cameras = await camera.others();
  at("cameras-label").hidden = cameras.length < 2;
  at("cameras").replaceChildren(...cameras.map(({ id, name }) => new Option(name, id)));
  at("cameras").value = camera.id ?? "";
}

async function stayAwake() {
  const dark = "The screen may go dark, since this phone does not let the page keep it on: touch it now and then, or have it stay on in the phone's settings.";
  try {
    if (!navigator.wakeLock) throw new Error("no wake lock");
    lock = await navigator.wakeLock.request("screen");
    at("awake").textContent = "";
  } catch {
    at("awake").textContent = dark;
  }
}

function stand() {
  const gate = Number(at("gate").value);
  if (!at("gate").value) return;
  const out = document.querySelector("input[name='way']:checked").value === "out";
  const persons = Math.min(255, Math.max(1, Number(at("persons").value) || 1));
  scanner.postMessage({ do: "stand", position: { gate, out, persons } });
}

function enrol() {
  at("enrolling").textContent = "Asking the hub";
  scanner.postMessage({ do: "enrol", code: at("page-code").value.trim(), name: at("name").value });
}

/// Browsers ask people about the local network only for a page that they look at, and best after a touch.
async function askForNetwork({ hub, hashes }) {
  const help = at("network-help");
  for (const name of ["local-network", "local-network-access"]) {
    const permission = await navigator.permissions.query({ name }).catch(() => null);
    if (permission?.state === "denied") {
      help.textContent = "The local network is not allowed for this page: open the browser's settings for it (the sign beside the address), allow the local network, then load the page anew.";
      return;
    }
  }
  help.textContent = "Trying";
  try {
    const value = (hash) => ({ algorithm: "sha-256", value: bytesOf(hash) });
    const trial = new WebTransport(`https://${hub}/link`, { serverCertificateHashes: hashes.map(value) });
    trial.closed.catch(() => {});
    await trial.ready;
    trial.close();
    help.textContent = "The hub is reached.";
  } catch {
    help.textContent = "The hub is not reached: is this phone in the venue's network, and the hub on?";
  }
  scanner.postMessage({ do: "link" });
}

// The code is a secret of one use: it is taken out of the address, so that nobody finds it in the history.
const fromAddress = location.hash.length > 1 ? location.href : "";
if (fromAddress) history.replaceState(null, "", location.pathname);

at("start").addEventListener("click", startCamera);
at("look-for-code").addEventListener("click", startCamera);
at("enrol").addEventListener("click", enrol);
camera.onlost = () => {
  at("hint").textContent = NO_CAMERA.NoPictures;
  at("start").textContent = "Start the camera";
};
at("cameras").addEventListener("change", async () => {
  try {
    await camera.use(at("cameras").value);
    await drawCamera();
  } catch (error) {
    at("hint").textContent = noCamera(error);
  }
});
at("torch").addEventListener("click", async () => {
  const isOn = at("torch").getAttribute("aria-pressed") !== "true";
  try {
    await camera.set({ torch: isOn });
    at("torch").setAttribute("aria-pressed", String(isOn));
  } catch {
    at("hint").textContent = "This camera does not switch its light: hold the code into the light.";
  }
});
at("zoom").addEventListener("input", () => {
  camera.set({ zoom: Number(at("zoom").value) }).catch(() => { at("hint").textContent = "This camera does not zoom: go closer."; });
});
const ask = (wish) => {
  if (lastTold) sheet.open(wish, lastTold);
};
at("undo").addEventListener("click", () => ask("undo"));
at("override").addEventListener("click", () => ask("overrule"));
at("against-verdict").addEventListener("click", (event) => {
  event.stopPropagation();
  at("verdict").hidden = true;
  ask(at("against-verdict").dataset.wish);
});
at("network").addEventListener("click", () => scanner.postMessage({ do: "certificates" }));
at("typing").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("typed").value;
  at("typed").value = "";
  if (text.trim()) scanner.postMessage({ do: "typed", text });
});
// What a wedge types next must not choose another gate or number.
const settle = (event) => {
  event.target.blur();
  stand();
};
for (const id of ["gate", "persons"]) at(id).addEventListener("change", settle);
for (const way of document.querySelectorAll("input[name='way']")) way.addEventListener("change", settle);
at("verdict").addEventListener("click", () => { at("verdict").hidden = true; });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible" && lock) stayAwake(); });
at("persons").addEventListener("focus", () => { personsBefore = at("persons").value; });
// A wedge types wherever the focus is, and what it types may be anything: it goes into the field for codes, and moves and confirms nothing.
document.addEventListener("keydown", (event) => {
  if (stage !== "ready") return;
  const isBurst = event.timeStamp - lastKey.at < BURST_MS && !event.repeat;
  const isText = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey;
  const field = event.target.id;
  const isTyped = field === "typed";
  const before = lastKey.text;
  lastKey = { at: event.timeStamp, text: isText ? event.key : "" };
  if (isBurst && event.key === "Tab") {
    event.preventDefault();
    if (isTyped) at("typing").requestSubmit();
  }
  if (isBurst && !isTyped && (event.key === "Enter" || event.key === " ")) event.preventDefault();
  if (sheet.isOpen || !isText || isTyped) return;
  if (field === "persons") {
    if (!isBurst) return;
    at("persons").value = personsBefore;
    at("typed").value = before;
  }
  at("typed").focus();
}, true);
navigator.serviceWorker?.register("/gate/sw.js", { scope: "/gate" }).catch((error) => {
  console.error("this page is not kept for later:", error.message);
});
