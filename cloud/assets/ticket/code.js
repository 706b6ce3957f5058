// The QR code of a live ticket, drawn without a network: decimal text (docs/PROTOCOL.md) in numeric mode, always version 10 at level M,
// which holds 513 digits. A live ticket has 435 to 459. The structure is that of ISO/IEC 18004; nothing of it is taken from elsewhere.
"use strict";

const SIDE = 57, DATA_BYTES = 216, CHECK_BYTES = 26;
// Data bytes of each of the five blocks.
const BLOCKS = [43, 43, 43, 43, 44];
const ALIGNMENTS = [6, 28, 50];
// Version 10 and level M, as the code tells them of itself.
const VERSION_BITS = 0b001010010011010011, LEVEL_M = 0;
const DIGITS_OF = [0, 3, 5, 8, 10, 13, 15, 17];

// Writes bytes as decimal text: chunks of seven as little-endian numbers.
function decimalText(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 7) {
    const chunk = bytes.subarray(at, at + 7);
    const number = chunk.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    text += number.toString().padStart(DIGITS_OF[chunk.length], "0");
  }
  return text;
}

// Reads decimal text of our own making.
function bytesOfText(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 17) {
    const digits = text.slice(at, at + 17);
    let number = BigInt(digits);
    for (let left = DIGITS_OF.indexOf(digits.length); left > 0; left--, number >>= 8n) bytes.push(Number(number & 255n));
  }
  return Uint8Array.from(bytes);
}

// Multiplies in the field of 256 elements that the check bytes are computed in.
function fieldProduct(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    if ((other >>> bit) & 1) product ^= one;
  }
  return product;
}

function checkBytes(data) {
  let divisor = [1];
  for (let power = 1, count = 0; count < CHECK_BYTES; count++, power = fieldProduct(power, 2)) {
    const longer = [...divisor, 0];
    divisor.forEach((factor, place) => { longer[place + 1] ^= fieldProduct(factor, power); });
    divisor = longer;
  }
  const rest = new Array(CHECK_BYTES).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    for (let place = 0; place < CHECK_BYTES; place++) rest[place] ^= fieldProduct(divisor[place + 1], factor);
  }
  return rest;
}

// The bytes that are laid into the code: numeric mode, padding, and the blocks with their check bytes, interleaved.
function codewords(digits) {
  let bits = "0001" + digits.length.toString(2).padStart(12, "0");
  for (let at = 0; at < digits.length; at += 3) {
    const group = digits.slice(at, at + 3);
    bits += Number(group).toString(2).padStart(group.length * 3 + 1, "0");
  }
  bits += "0".repeat(Math.min(4, DATA_BYTES * 8 - bits.length));
  bits += "0".repeat((8 - (bits.length % 8)) % 8);
  const data = [];
  for (let at = 0; at < bits.length; at += 8) data.push(parseInt(bits.slice(at, at + 8), 2));
  for (let pad = 0; data.length < DATA_BYTES; pad ^= 1) data.push(pad ? 0x11 : 0xec);
  let begin = 0;
  const blocks = BLOCKS.map((length) => data.slice(begin, begin += length));
  const checks = blocks.map(checkBytes);
  const interleaved = [];
  for (let place = 0; place < 44; place++) for (const block of blocks) if (place < block.length) interleaved.push(block[place]);
  for (let place = 0; place < CHECK_BYTES; place++) for (const check of checks) interleaved.push(check[place]);
  return interleaved;
}

// A code without data: its modules, and which of them are no data.
function emptyCode() {
  const dark = Array.from({ length: SIDE }, () => new Array(SIDE).fill(false));
  const fixed = Array.from({ length: SIDE }, () => new Array(SIDE).fill(false));
  const set = (row, column, isDark) => {
    if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) return;
    dark[row][column] = isDark;
    fixed[row][column] = true;
  };
  for (let at = 0; at < SIDE; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  const rings = (row, column, reach, isLight) => {
    for (let down = -reach; down <= reach; down++) {
      for (let right = -reach; right <= reach; right++) {
        set(row + down, column + right, !isLight(Math.max(Math.abs(down), Math.abs(right))));
      }
    }
  };
  for (const [row, column] of [[3, 3], [3, SIDE - 4], [SIDE - 4, 3]]) rings(row, column, 4, (ring) => ring === 2 || ring === 4);
  for (const row of ALIGNMENTS) {
    for (const column of ALIGNMENTS) {
      const isFinder = (row === 6 && column !== 28) || (column === 6 && row !== 28);
      if (!isFinder || (row === 28 && column === 28)) rings(row, column, 2, (ring) => ring === 1);
    }
  }
  for (let bit = 0; bit < 18; bit++) {
    const isDark = ((VERSION_BITS >>> bit) & 1) === 1, [long, short] = [Math.floor(bit / 3), SIDE - 11 + (bit % 3)];
    set(long, short, isDark);
    set(short, long, isDark);
  }
  return { dark, fixed, set };
}

// Writes which level and mask the code has, twice.
function writeFormat(set, mask) {
  const said = (LEVEL_M << 3) | mask;
  let rest = said << 10;
  for (let bit = 14; bit >= 10; bit--) if ((rest >>> bit) & 1) rest ^= 0x537 << (bit - 10);
  const format = ((said << 10) | rest) ^ 0x5412;
  const isDark = (bit) => ((format >>> bit) & 1) === 1;
  for (let bit = 0; bit < 15; bit++) {
    const along = bit < 6 ? bit : bit < 8 ? bit + 1 : SIDE - 15 + bit;
    set(along, 8, isDark(bit));
    const back = bit < 8 ? SIDE - 1 - bit : bit === 8 ? 7 : 14 - bit;
    set(8, back, isDark(bit));
  }
  set(SIDE - 8, 8, true);
}

const MASKS = [
  (row, column) => (row + column) % 2,
  (row) => row % 2,
  (row, column) => column % 3,
  (row, column) => (row + column) % 3,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2,
  (row, column) => ((row * column) % 2) + ((row * column) % 3),
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2,
];

// How hard a code is to read, by the standard's reckoning: long runs, blocks, patterns like finders, more dark than light.
function penalty(dark) {
  let sum = 0, darkCount = 0;
  const columns = dark.map((_, column) => dark.map((row) => row[column]));
  for (const line of [...dark, ...columns]) {
    let run = 0;
    line.forEach((isDark, at) => {
      run = at > 0 && line[at - 1] === isDark ? run + 1 : 1;
      if (run === 5) sum += 3;
      if (run > 5) sum += 1;
    });
    const text = line.map(Number).join("");
    for (const like of [/(?=10111010000)/g, /(?=00001011101)/g]) sum += 40 * [...text.matchAll(like)].length;
  }
  dark.forEach((row, at) => row.forEach((isDark, column) => {
    darkCount += isDark;
    if (at === 0 || column === 0) return;
    const above = dark[at - 1];
    if (row[column - 1] === isDark && above[column] === isDark && above[column - 1] === isDark) sum += 3;
  }));
  return sum + 10 * Math.floor(Math.abs((darkCount * 100) / SIDE ** 2 - 50) / 5);
}

function masked(words, mask) {
  const { dark, fixed, set } = emptyCode();
  writeFormat(set, mask);
  let bit = 0;
  for (let right = SIDE - 1, isUp = true; right > 0; right -= 2, isUp = !isUp) {
    if (right === 6) right = 5;
    for (let step = 0; step < SIDE; step++) {
      const row = isUp ? SIDE - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (fixed[row][column]) continue;
        const isSet = bit < words.length * 8 && ((words[bit >>> 3] >>> (7 - (bit & 7))) & 1) === 1;
        dark[row][column] = isSet !== (MASKS[mask](row, column) === 0);
        bit++;
      }
    }
  }
  return dark;
}

// Returns the modules of a code of digits, the dark ones as true, row by row.
function codeModules(digits) {
  const words = codewords(digits);
  const codes = MASKS.map((_, mask) => masked(words, mask));
  const penalties = codes.map(penalty);
  return codes[penalties.indexOf(Math.min(...penalties))];
}

// Draws modules into an SVG element, with a quiet zone of four.
function drawCode(svg, dark) {
  let path = "";
  dark.forEach((row, at) => row.forEach((isDark, column) => {
    if (isDark) path += `M${column + 4} ${at + 4}h1v1h-1z`;
  }));
  svg.querySelector("path").setAttribute("d", path);
}
