// Brings the page up to date each second. Names come from people: they go in as text, never as HTML.
"use strict";

const REFRESH_MS = 1000;
const FRESH_MS = 15000;
const STALE_MS = 120000;
const byId = (id) => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table(id, rows, empty) {
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    const name = element("td", row.name);
    if (row.small) name.append(element("small", row.small));
    line.append(name, element("td", row.value, row.className));
    return line;
  });
  if (!lines.length) {
    const line = document.createElement("tr");
    line.append(element("td", empty, ""));
    lines.push(line);
  }
  byId(id).replaceChildren(...lines);
}

function age(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

function showFigures(status) {
  byId("event").textContent = status.event_name ?? "no event received yet";
  byId("clock").textContent = status.clock_says;
  byId("admitted").textContent = status.gates.reduce((sum, gate) => sum + gate.admitted, 0);
  byId("inside").textContent = status.zones.reduce((sum, zone) => sum + zone.occupancy, 0);
  const old = status.fresh_as_of_ms === null ? Infinity : status.now_ms - status.fresh_as_of_ms;
  byId("age").textContent = old === Infinity ? "–" : age(Math.max(0, old));
  byId("age-words").textContent = status.freshness;
  byId("age").className = old < FRESH_MS ? "good" : old < STALE_MS ? "warn" : "bad";
  byId("incident-count").textContent = status.incidents_total;
  byId("incident-count").className = status.incidents_total ? "bad" : "good";
}

function showTables(status) {
  const down = status.dials.filter((dial) => !dial.is_linked)
    .map((dial) => ({ name: dial.address, small: dial.detail, value: "not linked", className: "bad" }));
  const up = status.links.map((link) => (
    { name: link.name, small: `${link.role}, ${link.address}`, value: `linked ${link.since}`, className: "good" }));
  const missing = status.missing.map((hub) => ({ name: hub.name, small: "hub", value: hub.words, className: "bad" }));
  table("links", missing.concat(down, up), "no links");
  table("gates", status.gates.map((gate) => (
    { name: gate.name, small: gate.exited ? `${gate.exited} went out` : "", value: gate.admitted })), "no gates yet");
  table("zones", status.zones.map((zone) => ({
    name: zone.name,
    small: zone.slot ? zone.slot.words : "",
    value: zone.capacity === null ? zone.occupancy : `${zone.occupancy} of ${zone.capacity}`,
    className: zone.capacity !== null && zone.occupancy >= zone.capacity ? "bad" : "",
  })), "no zones yet");
  table("refused", status.refused.map((line) => ({ name: line.words, value: line.count })), "nobody");
}

function showIncidents(status) {
  const lines = status.incidents.map((words) => element("li", words));
  const more = status.incidents_total - lines.length;
  if (more > 0) lines.push(element("li", `and ${more} more: see usher-gate-agent export`));
  byId("incidents").replaceChildren(...(lines.length ? lines : [element("li", "none", "good")]));
}

// Red for the last hour and after the end, amber before, green for one that was renewed.
function showCertificates(status) {
  const look = { day: "warn", six_hours: "warn", hour: "bad", ended: "bad" };
  const lines = status.certificates.map((line) => element("li", line.words, look[line.level] ?? "good"));
  byId("certificates").replaceChildren(...lines);
  byId("certificates").hidden = !lines.length;
}

function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// All that is wrong, the worst first: what hides behind another trouble is not seen to.
function troubles(status) {
  const found = [];
  if (!status.may_judge) found.push("This hub lets nobody in: its certificate has run out by this machine's clock, or it was revoked. Check the clock; if it is right, enrol it anew with a code from the organizer: usher-gate-agent enroll --anew CODE");
  if (!status.storage_ok) found.push("The hub cannot save to its disk: no scan can be decided. Make room on the disk or replace it.");
  if (status.clock) found.push(sentence(status.clock));
  return found.concat(status.warnings);
}

function alarm(troubles) {
  const shown = [...byId("alarms").children].map((line) => line.textContent);
  if (shown.join("\n") === troubles.join("\n")) return;
  byId("alarms").hidden = !troubles.length;
  byId("alarms").replaceChildren(...troubles.map((words) => element("li", words)));
}

async function lookUp(event) {
  event.preventDefault();
  const found = byId("found");
  found.className = "";
  found.textContent = "Looking it up …";
  try {
    const answer = await fetch("v1/lookups", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ticket_code: byId("code").value }),
      signal: AbortSignal.timeout(10000),
    });
    const said = await answer.json();
    found.textContent = answer.ok ? [said.ticket, said.words].filter(Boolean).join(": ") : sentence(said.detail);
    found.className = answer.ok && said.opens ? "good" : "bad";
  } catch (error) {
    found.textContent = `The hub does not answer (${error.message}). Try again.`;
    found.className = "bad";
  }
}

// The gates to choose from, as they are now; what is chosen stays.
function showPhones(status) {
  byId("phones").hidden = !status.serves_phones;
  const chosen = byId("phone-gate");
  const known = [...chosen.options].slice(1).map((option) => option.textContent).join("\n");
  if (known === status.gates.map((gate) => gate.name).join("\n")) return;
  const options = status.gates.map((gate) => {
    const option = element("option", gate.name);
    option.value = gate.id;
    return option;
  });
  chosen.replaceChildren(chosen.options[0], ...options);
}

async function showPhoneCode(event) {
  event.preventDefault();
  const said = byId("phone-words");
  const picture = byId("phone-picture");
  picture.hidden = true;
  said.className = "";
  try {
    const gate = byId("phone-gate").value;
    const answer = await fetch("v1/phone-codes", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: byId("phone-name").value.trim(), gates: gate ? [Number(gate)] : [] }),
      signal: AbortSignal.timeout(10000),
    });
    const made = await answer.json();
    said.textContent = answer.ok ? `${made.words}: ${made.code}` : sentence(made.detail);
    said.className = answer.ok ? "" : "bad";
    if (!answer.ok) return;
    picture.src = `data:image/svg+xml,${encodeURIComponent(made.picture)}`;
    picture.hidden = false;
  } catch (error) {
    said.textContent = `The hub does not answer (${error.message}). Try again.`;
    said.className = "bad";
  }
}

async function refresh() {
  try {
    const answer = await fetch("v1/status", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const status = await answer.json();
    alarm(troubles(status));
    showFigures(status);
    showTables(status);
    showIncidents(status);
    showCertificates(status);
    showPhones(status);
    byId("footer").textContent = `${status.records} records in ${status.logs} logs`;
  } catch (error) {
    alarm([`The hub does not answer (${error.message}). This page shows what was last heard. If the hub is not running, start it: usher-gate-agent run`]);
  }
  setTimeout(refresh, REFRESH_MS);
}

byId("lookup").addEventListener("submit", lookUp);
byId("phone-code").addEventListener("submit", showPhoneCode);
refresh();
