// The time by our servers, also on a phone whose clock is wrong: compared whenever there is a network, and kept for when there is none.

const CLOCK = "usher-clock";

function comparedClock() {
  try {
    return JSON.parse(localStorage.getItem(CLOCK));
  } catch {
    return null;
  }
}

// How much our servers' clock is ahead of this phone's, in milliseconds, and when that was found; { offset: 0 } before it ever was.
let ourClock = comparedClock() ?? { offset: 0 };

const ourTime = () => Math.round(Date.now() + ourClock.offset);

// Compares the clocks by an answer to a request: its date is of whole seconds, so half of one is added.
function compareClock(response, askedAt) {
  const told = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(told)) return;
  const now = Date.now();
  ourClock = { offset: told + 500 - (askedAt + now) / 2, comparedAt: now };
  try {
    localStorage.setItem(CLOCK, JSON.stringify(ourClock));
  } catch {
    // A browser that keeps nothing compares again.
  }
}

// Says how far this phone's clock can be relied on, and what to do if it cannot; "" when all is well.
function clockTrouble() {
  const { offset, comparedAt } = ourClock;
  if (comparedAt === undefined) return said("clock-never-compared");
  const hours = Math.floor((Date.now() - comparedAt) / 3_600_000);
  const minutes = Math.round(Math.abs(offset) / 60_000);
  if (hours < 0) return said("clock-set-back");
  if (hours >= 12) return counted("clock-old", hours);
  if (minutes > 0) return offset > 0 ? counted("clock-behind", minutes) : counted("clock-ahead", minutes);
  return "";
}
