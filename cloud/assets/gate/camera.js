// The camera and the two eyes that look at it; what is seen is told to whoever asked.

const DEEP_EVERY_MS = 250;

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
    Object.assign(this, { video, seen, stream: null, facing: "environment", deepAt: 0, lastRead: 0 });
    const take = (data, effort) => {
      if (data.codes.length > 0) this.lastRead = performance.now();
      seen(data, effort);
    };
    [this.quick, this.deep] = [new Eye("quick", take), new Eye("deep", take)];
  }

  /// Rejects with an error whose name says why there are no pictures.
  async start() {
    this.stop();
    const wanted = { facingMode: { ideal: this.facing }, width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: wanted });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.next(this.stream);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
  }

  async turn() {
    this.facing = this.facing === "environment" ? "user" : "environment";
    await this.start();
  }

  get track() { return this.stream?.getVideoTracks()[0]; }

  hasTorch() { return this.track?.getCapabilities?.().torch === true; }

  async light(isOn) { await this.track?.applyConstraints({ advanced: [{ torch: isOn }] }); }

  next(stream) {
    const look = async () => {
      if (this.stream !== stream) return;
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
