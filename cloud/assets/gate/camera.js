// The camera and the two eyes that look at it; what is seen is told to whoever asked.

const DEEP_EVERY_MS = 250;
/// A camera that gives no frame for so long is at fault.
const STALLED_MS = 5000;

class Eye {
  constructor(effort, seen) {
    Object.assign(this, { effort, seen });
    this.open();
  }

  open() {
    this.worker?.terminate();
    this.worker = new Worker("/gate/eyes.js", { type: "module" });
    this.isBusy = false;
    this.worker.onmessage = ({ data }) => {
      this.isBusy = false;
      if (data.dead) this.open();
      this.seen(data, this.effort);
    };
  }

  look(frame) {
    this.isBusy = true;
    this.worker.postMessage({ frame, effort: this.effort }, [frame]);
  }
}

export class Camera {
  constructor(video, seen) {
    Object.assign(this, { video, seen, stream: null, id: null, onlost: () => {}, deepAt: 0, lastRead: 0, lastFrame: 0 });
    const take = (data, effort) => {
      if (data.codes.length > 0) this.lastRead = performance.now();
      seen(data, effort);
    };
    // A page that nobody sees gets no frames.
    document.addEventListener("visibilitychange", () => { this.lastFrame = performance.now(); });
    [this.quick, this.deep] = [new Eye("quick", take), new Eye("deep", take)];
  }

  /// Rejects with an error whose name says why there are no pictures.
  async start() {
    this.stop();
    const which = this.id ? { deviceId: { exact: this.id } } : { facingMode: { ideal: "environment" } };
    const wanted = { ...which, width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: wanted });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.id = this.track.getSettings().deviceId ?? null;
    this.watch(this.stream);
    this.next(this.stream);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
  }

  /// Goes over to another camera.
  async use(id) {
    this.id = id;
    try {
      await this.start();
    } catch (error) {
      this.id = null;
      throw error;
    }
  }

  /// The cameras there are; their names are told once one was allowed.
  async others() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    return cameras.map(({ deviceId, label }, number) => ({ id: deviceId, name: label || `Camera ${number + 1}` }));
  }

  /// Tells when no pictures come any more: it was unplugged, or another app took it.
  watch(stream) {
    this.lastFrame = performance.now();
    const look = setInterval(() => {
      if (this.stream !== stream) return clearInterval(look);
      const isStalled = document.visibilityState === "visible" && performance.now() - this.lastFrame > STALLED_MS;
      if (!isStalled && this.track.readyState === "live") return;
      clearInterval(look);
      this.stop();
      this.onlost();
    }, 1000);
  }

  get track() { return this.stream?.getVideoTracks()[0]; }

  hasTorch() { return this.track?.getCapabilities?.().torch === true; }

  zoomRange() {
    const zoom = this.track?.getCapabilities?.().zoom;
    return zoom && zoom.max > zoom.min ? { min: zoom.min, max: zoom.max, step: zoom.step, now: this.track.getSettings().zoom ?? zoom.min } : null;
  }

  async set(wanted) { await this.track?.applyConstraints({ advanced: [wanted] }); }

  next(stream) {
    const look = async () => {
      if (this.stream !== stream) return;
      this.lastFrame = performance.now();
      await this.pass();
      this.next(stream);
    };
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(look);
    else setTimeout(look, 40);
  }

  async frame() {
    return "VideoFrame" in window ? new VideoFrame(this.video, { timestamp: 0 }) : createImageBitmap(this.video);
  }

  async pass() {
    if (this.video.readyState < 2) return;
    if (!this.quick.isBusy) this.quick.look(await this.frame());
    const now = performance.now();
    if (!this.deep.isBusy && now >= this.deepAt && now - this.lastRead > DEEP_EVERY_MS) {
      this.deepAt = now + DEEP_EVERY_MS;
      this.deep.look(await this.frame());
    }
  }
}
