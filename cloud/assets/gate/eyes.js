// A worker that looks at frames: one of them quickly at each, another with everything at those that gave nothing.
import init, { Eyes, luma } from "./usher_phone.js";

const WITHIN_MS = { quick: 100, deep: 400 };
let eyes = null;
let canvas = null;

/// The brightness of a frame: its own plane where the browser gives it, else from the colours.
async function grey(frame) {
  const isPlanar = /^(I4|NV12)/.test(frame.format ?? "");
  if (isPlanar && frame.copyTo) {
    const { width, height } = frame.visibleRect;
    const bytes = new Uint8Array(frame.allocationSize());
    const [{ offset, stride }] = await frame.copyTo(bytes);
    if (stride === width) return { width, height, bytes: bytes.subarray(offset, offset + width * height) };
    const rows = new Uint8Array(width * height);
    for (let row = 0; row < height; row += 1) rows.set(bytes.subarray(offset + row * stride, offset + row * stride + width), row * width);
    return { width, height, bytes: rows };
  }
  const [width, height] = [frame.displayWidth ?? frame.width, frame.displayHeight ?? frame.height];
  if (canvas?.width !== width || canvas?.height !== height) canvas = new OffscreenCanvas(width, height);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.drawImage(frame, 0, 0);
  return { width, height, bytes: luma(drawing.getImageData(0, 0, width, height).data) };
}

onmessage = async ({ data: { frame, effort } }) => {
  try {
    eyes ??= (await init({ module_or_path: "/gate/usher_phone_bg.wasm" }), new Eyes());
    const { width, height, bytes } = frame.bytes ? frame : await grey(frame);
    const began = performance.now();
    const seen = effort === "deep" ? eyes.read_deeply(bytes, width, height, WITHIN_MS.deep) : eyes.read(bytes, width, height, WITHIN_MS.quick);
    postMessage({ ...JSON.parse(seen), ms: performance.now() - began });
  } catch (error) {
    // After a trap nothing of this instance is to be believed: the page takes another worker.
    postMessage({ dead: error instanceof WebAssembly.RuntimeError, codes: [], hint: null });
  } finally {
    frame.close?.();
  }
};
