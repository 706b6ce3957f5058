// What this device keeps: its log in one file that only one page may hold, and beside it its key, sealed, and where its hub is.

const STORE = "kept";
const LOG = "usher-gate.log";
const KEY = { name: "AES-GCM", length: 256 };

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function database() {
  const opening = indexedDB.open("usher-gate", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return settled(opening);
}

export async function readDevice() {
  const db = await database();
  const device = await settled(db.transaction(STORE).objectStore(STORE).get("device"));
  db.close();
  return device;
}

/// Resolves once it is on the disk.
export async function writeDevice(device) {
  const db = await database();
  const transaction = db.transaction(STORE, "readwrite", { durability: "strict" });
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  transaction.objectStore(STORE).put(device, "device");
  await done;
  db.close();
}

/// Draws a key and seals it with one that no script can read out: who copies the files alone has no key.
export async function drawKey() {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const sealing = await crypto.subtle.generateKey(KEY, false, ["encrypt", "decrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: KEY.name, iv }, sealing, seed);
  return { seed, kept: { sealing, iv, sealed } };
}

export async function openKey({ sealing, iv, sealed }) {
  return new Uint8Array(await crypto.subtle.decrypt({ name: KEY.name, iv }, sealing, sealed));
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/// The file of the log, held by this page alone until it ends.
export class LogFile {
  static async open() {
    const root = await navigator.storage.getDirectory();
    const file = await root.getFileHandle(LOG, { create: true });
    // A page that was just closed may hold it for a moment yet.
    for (let tries = 0; ; tries += 1) {
      try {
        return new LogFile(await file.createSyncAccessHandle());
      } catch (error) {
        if (error.name !== "NoModificationAllowedError" || tries >= 20) throw error;
        await rest(150);
      }
    }
  }

  constructor(handle) {
    this.handle = handle;
    this.size = handle.getSize();
  }

  bytes() {
    const bytes = new Uint8Array(this.size);
    this.handle.read(bytes, { at: 0 });
    return bytes;
  }

  cut(size) {
    if (size === this.handle.getSize()) return;
    this.handle.truncate(size);
    this.handle.flush();
    this.size = size;
  }

  /// Appends and flushes. After a failure nothing of it is there.
  append(bytes) {
    try {
      if (this.handle.write(bytes, { at: this.size }) !== bytes.length) throw new Error("there is no room");
      this.handle.flush();
      this.size += bytes.length;
    } catch (error) {
      try { this.handle.truncate(this.size); } catch { /* What stands behind the end is cut off at the next start. */ }
      throw error;
    }
  }
}
