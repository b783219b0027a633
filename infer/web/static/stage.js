// The picture on its canvas: fitted, zoomed by wheel, buttons, keys or two fingers, moved by dragging.

import { drawFaces } from "./drawing.js";

const STEP = 1.25; // of a button or key
const MOST = 40; // canvas pixels for one of the picture's
const FAR = 60; // canvas pixels that an arrow key moves

export class Stage {
  /** canvas: to draw on; changed: called with the zoom, relative to the fitted picture, whenever it changes. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.changed = changed;
    this.picture = null;
    this.faces = [];
    this.style = null;
    this.show = null;
    this.pointers = new Map();
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  /** Shows a picture (ImageBitmap) with faces; keep: with the zoom as it is, for the next frame of a camera. */
  set(picture, faces, keep = false) {
    const same = keep && this.picture?.width === picture.width && this.picture?.height === picture.height;
    this.picture?.close();
    this.picture = picture;
    this.faces = faces;
    if (same) this.draw();
    else this.fit();
  }

  fit() {
    if (!this.picture) return;
    const { width, height } = this.canvas;
    this.fitted = Math.min(width / this.picture.width, height / this.picture.height);
    this.scale = this.fitted;
    this.x = (width - this.picture.width * this.scale) / 2;
    this.y = (height - this.picture.height * this.scale) / 2;
    this.draw();
  }

  /** Zooms about a place of the canvas, its middle by default. */
  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    if (!this.picture) return;
    const scale = Math.min(Math.max(this.scale * factor, this.fitted), Math.max(MOST, this.fitted));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.move(0, 0);
  }

  zoomIn() {
    this.zoom(STEP);
  }

  zoomOut() {
    this.zoom(1 / STEP);
  }

  /** Moves the picture, as far as it reaches beyond the canvas. */
  move(dx, dy) {
    if (!this.picture) return;
    this.x = held(this.x + dx, this.canvas.width, this.picture.width * this.scale);
    this.y = held(this.y + dy, this.canvas.height, this.picture.height * this.scale);
    this.draw();
  }

  draw() {
    const { context, canvas, picture } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!picture) return;
    context.imageSmoothingEnabled = this.scale < 4; // closer, pixels show as they are
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, this.x, this.y, picture.width * this.scale, picture.height * this.scale);
    drawFaces(context, this.faces, this.style, this.show, this);
    canvas.classList.toggle("zoomed", this.scale > this.fitted);
    Object.assign(canvas.dataset, { scale: this.scale, x: this.x, y: this.y });
    this.changed(this.scale / this.fitted);
  }

  #resize() {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.fit();
  }

  #listen() {
    const on = (name, handler) => this.canvas.addEventListener(name, handler, { passive: false });
    on("wheel", (event) => this.#wheel(event));
    on("keydown", (event) => this.#key(event));
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.pointers.delete(event.pointerId));
    on("dblclick", () => this.fit());
  }

  #wheel(event) {
    if (!this.picture) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...this.#placeOf(event));
  }

  #key(event) {
    const actions = {
      "+": () => this.zoomIn(),
      "=": () => this.zoomIn(),
      "-": () => this.zoomOut(),
      0: () => this.fit(),
      ArrowLeft: () => this.move(FAR, 0),
      ArrowRight: () => this.move(-FAR, 0),
      ArrowUp: () => this.move(0, FAR),
      ArrowDown: () => this.move(0, -FAR),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  #down(event) {
    this.pointers.set(event.pointerId, this.#placeOf(event));
    this.canvas.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#placeOf(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) this.zoom(distance(now, other) / (distance(before, other) || 1), ...middle(now, other));
    else this.move(now[0] - before[0], now[1] - before[1]);
  }

  #placeOf(event) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / width;
    return [(event.clientX - left) * ratio, (event.clientY - top) * ratio];
  }
}

const distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);
const middle = ([x0, y0], [x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];

/** Where a picture's edge may lie: in the middle where it is the smaller one, else so that no gap opens. */
function held(edge, room, size) {
  return size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, edge));
}
