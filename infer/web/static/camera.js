// The camera: one frame at a time goes to the service, the next one is taken when the answer has come.

import { ServiceError } from "./service.js";

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
const QUALITY = 0.85; // of the JPEG that is sent

export class Camera {
  /** find: asks the service about a JPEG; shown: gets (bitmap, answer, blob, frames a second); failed: an error. */
  constructor(find, shown, failed) {
    Object.assign(this, { find, shown, failed });
    this.stream = null;
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    this.canvas = document.createElement("canvas");
  }

  /** Why there is no camera here; null where there may be one. */
  static obstacle() {
    if (!isSecureContext) {
      return "The camera needs a secure page: https, or this machine's own address (127.0.0.1).";
    }
    return navigator.mediaDevices?.getUserMedia ? null : "This browser gives pages no camera.";
  }

  get running() {
    return this.stream !== null;
  }

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({ video: SIZE, audio: false });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.#follow(this.stream);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
  }

  async #follow(stream) {
    let [rate, last] = [0, performance.now()];
    try {
      while (this.stream === stream) {
        const frame = await this.#frame();
        const answer = await this.#answer(frame.blob);
        if (this.stream !== stream) return;
        if (!answer) continue;
        const now = performance.now();
        rate = rate ? 0.8 * rate + 200 / (now - last) : 1000 / (now - last);
        last = now;
        this.shown(await createImageBitmap(frame.blob), answer, frame.blob, rate);
      }
    } catch (error) {
      this.stop();
      this.failed(error);
    }
  }

  /** The answer; null after the wait that a busy service asks for. */
  async #answer(blob) {
    try {
      return await this.find(blob);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryAfter === null) throw error;
      await new Promise((done) => setTimeout(done, 1000 * error.retryAfter));
      return null;
    }
  }

  async #frame() {
    await new Promise((done) => requestAnimationFrame(done));
    const { video, canvas } = this;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return { blob: await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY)) };
  }
}
