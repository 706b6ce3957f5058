// Runs the page's own build as WebAssembly, without a browser: does what a test has done to the native build, line by line, and writes
// what it wanted done; or looks at frames.
//
//   node run.mjs GLUE WASM scanner FILE SEED SCRIPT    FILE: what the page begins with, SEED: its key, SCRIPT: lines of JSON
//   node run.mjs GLUE WASM eyes FRAMES              FRAMES: lines of JSON, pixels in base64
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [glue, wasm, kind, ...files] = process.argv.slice(2);
const phone = await import(pathToFileURL(glue));
await phone.default({ module_or_path: readFileSync(wasm) });
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const unhex = (text) => new Uint8Array(Buffer.from(text, "hex"));
const lines = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
const out = [];

function runScanner(file, seed, script) {
  const [begin, ...steps] = lines(script);
  const scanner = new phone.PageScanner(unhex(seed), readFileSync(file), begin.wall, begin.up);
  const drain = () => {
    for (let task = scanner.poll(); task; task = scanner.poll()) out.push(`${task.kind} ${task.number} ${hex(task.bytes)} ${task.text}`);
  };
  const steady = (act) => {
    try { act(); } catch (said) {
      if (typeof said !== "string") throw said;
    }
  };
  for (const step of steps) {
    switch (step.do) {
      case "pass": scanner.at(step.wall, step.up); scanner.tick(); break;
      case "stand": scanner.stand(step.gate, step.out, step.persons); break;
      case "connected": scanner.connected(unhex(step.hash), unhex(step.nonce)); break;
      case "received": scanner.received(unhex(step.bytes)); break;
      case "heard": scanner.heard(step.number, unhex(step.bytes)); break;
      case "disconnected": scanner.disconnected(); break;
      case "show": scanner.show(unhex(step.code), unhex(step.random)); break;
      case "undo": steady(() => scanner.undo(step.why, step.shown)); break;
      case "overrule": steady(() => scanner.overrule(new phone.Overruling(step.by, step.why, step.pin), step.shown, unhex(step.random))); break;
      case "status": out.push(`status ${scanner.status()}`); break;
      default: throw new Error(`no step: ${step.do}`);
    }
    drain();
  }
}

function runEyes(frames) {
  const forEver = 1e9;
  for (const { width, height, luma } of lines(frames)) {
    const pixels = new Uint8Array(Buffer.from(luma, "base64"));
    // Anew for each frame: no advice of before.
    const eyes = new phone.Eyes();
    for (const seen of [eyes.read(pixels, width, height, forEver), eyes.read_deeply(pixels, width, height, forEver)]) {
      const { codes, corners } = JSON.parse(seen);
      out.push(JSON.stringify({ codes, corners }));
    }
    eyes.free();
  }
}

if (kind === "scanner") runScanner(...files);
else runEyes(...files);
process.stdout.write(out.join("\n"));
