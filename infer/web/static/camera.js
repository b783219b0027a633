// The camera: one frame at a time goes to the service, the next one is taken when the answer has come.

import { ServiceError } from "./service.js";

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
const QUALITY = 0.85; // of the JPEG that is sent
const GONE = new ServiceError("The camera has ended: it is unplugged, or this page may no longer use it.");

export class Camera {
  /** find: asks the service about a JPEG; shown: gets (bitmap, answer, blob, frames a second); failed: an error. */
  constructor(find, shown, failed) {
    Object.assign(this, { find, shown, failed });
    this.turn = null; // from start to stop; what a turn left under way when it ended is dropped
    this.following = Promise.resolve(); // ends with the last request of the turns so far
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
    return this.turn !== null;
  }

  /** Whether the camera runs then: not if it was stopped before it came. */
  async start() {
    const turn = (this.turn = {});
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: SIZE, audio: false });
      if (this.turn !== turn) {
        end(stream);
        return false;
      }
      this.stream = this.video.srcObject = stream;
      // unplugged, or its permission withdrawn: `stop` does not cause this event
      for (const track of stream.getTracks()) track.addEventListener("ended", () => this.#end(turn, GONE));
      await this.video.play();
    } catch (error) {
      if (this.turn !== turn) return false;
      this.stop();
      throw error;
    }
    if (this.turn !== turn) return false;
    this.following = this.following.then(() => this.#follow(turn));
    return true;
  }

  stop() {
    end(this.stream);
    this.turn = this.stream = this.video.srcObject = null;
  }

  async #follow(turn) {
    let [rate, last] = [0, performance.now()];
    try {
      while (this.turn === turn) {
        const frame = await this.#frame(turn);
        const answer = frame && (await this.#answer(frame));
        const bitmap = answer && (await createImageBitmap(frame));
        if (this.turn !== turn) {
          bitmap?.close();
          return;
        }
        if (!answer) continue;
        const now = performance.now();
        rate = rate ? 0.8 * rate + 200 / (now - last) : 1000 / (now - last);
        last = now;
        this.shown(bitmap, answer, frame, rate);
      }
    } catch (error) {
      this.#end(turn, error);
    }
  }

  /** Ends the turn, if it still goes on, because of an error. */
  #end(turn, error) {
    if (this.turn !== turn) return;
    this.stop();
    this.failed(error);
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

  /** The JPEG of a frame; null if the turn ended before there was one. */
  async #frame(turn) {
    await new Promise((done) => requestAnimationFrame(done));
    if (this.turn !== turn) return null;
    const { video, canvas } = this;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    const frame = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return this.turn === turn ? frame : null;
  }
}

function end(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
