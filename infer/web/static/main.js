// The page to try the model with: takes pictures, asks the service, shows what it answers.

import { Camera } from "./camera.js";
import { save } from "./downloads.js";
import { facesIn, listFaces } from "./faces.js";
import { Gallery } from "./gallery.js";
import { convert, fetchModel, findFaces, ServiceError } from "./service.js";
import { Stage } from "./stage.js";
import { paintSwatches } from "./swatches.js";

const find = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

// before the model is there: a picture dropped too early would make the browser leave the page
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());

let current = null; // {name, blob, entry, milliseconds, whole} of what is shown
const model = await fetchModel().catch((error) => {
  complain(error);
  throw error;
});
const style = { ...model.contract.points, colours: model.colours };
const stage = new Stage(find("canvas"), showZoom);
const gallery = new Gallery(find("gallery"), showAgain);
const camera = new Camera((blob) => findFaces(blob, "camera.jpg", 1), showFrame, cameraFailed);
let wishes = 0; // pictures and cameras asked for so far: what comes after a later wish is not shown any more
let taking = Promise.resolve(); // ends when all files given so far are done

start();

function start() {
  stage.style = style;
  stage.show = readShow();
  paintSwatches((swatch) => style.colours[swatch.dataset.swatch]);
  listenForPictures();
  listenForView();
  listenForCamera();
  find("clear").addEventListener("click", forgetAll);
  for (const button of all("[data-save]")) button.addEventListener("click", () => download(button.dataset.save));
  say("Ready.");
}

function listenForPictures() {
  find("file").addEventListener("change", ({ target }) => {
    take([...target.files]);
    target.value = ""; // so that the same file may be chosen again
  });
  addEventListener("paste", (event) => take([...event.clipboardData.files]));
  addEventListener("dragover", () => find("stage").classList.add("dropping"));
  for (const name of ["dragleave", "drop"]) {
    addEventListener(name, () => find("stage").classList.remove("dropping"));
  }
  addEventListener("drop", (event) => take([...event.dataTransfer.files]));
}

function listenForView() {
  find("zoom-in").addEventListener("click", () => stage.zoomIn());
  find("zoom-out").addEventListener("click", () => stage.zoomOut());
  find("zoom-fit").addEventListener("click", () => stage.fit());
  for (const input of all("[data-group], [data-show]")) {
    input.addEventListener("change", () => {
      stage.show = readShow();
      stage.draw();
    });
  }
}

function listenForCamera() {
  const obstacle = Camera.obstacle();
  if (obstacle) {
    find("camera").disabled = true;
    find("camera-note").textContent = obstacle;
  }
  find("camera").addEventListener("click", () => (camera.running ? stopCamera() : startCamera()));
  find("snap").addEventListener("click", () => keep(current));
}

/** What the switches say is to be drawn. */
function readShow() {
  const on = all("[data-group]:checked").map((input) => input.dataset.group);
  const others = all("[data-show]").map((input) => [input.dataset.show, input.checked]);
  return { groups: new Set(on), ...Object.fromEntries(others) };
}

/** Asks about files one after the other, after those that were given before; the last one stays on the stage. */
function take(files) {
  if (files.length) taking = taking.then(() => takeAll(files));
}

async function takeAll(files) {
  stopCamera();
  find("errors").replaceChildren();
  find("busy").hidden = false;
  for (const file of files) {
    try {
      await takeOne(file);
    } catch (error) {
      complain(error);
    }
  }
  find("busy").hidden = true;
}

async function takeOne(file) {
  if (file.size > model.limits.bytes) {
    throw new ServiceError(`${file.name}: found ${megabytes(file.size)}, expected at most ${megabytes(model.limits.bytes)}`);
  }
  const name = file.name || "pasted.png";
  say(`Looking at ${name} …`);
  const blob = await wholeOf(file, name);
  const began = performance.now();
  const { entry, milliseconds } = await findFaces(blob, name);
  const picture = { name, blob, entry, milliseconds, whole: performance.now() - began };
  const bitmap = await bitmapOf(picture);
  stopCamera();
  wishes += 1;
  show(picture, bitmap);
  keep(picture);
}

/** The file in this page's memory, where it stays what it was. */
async function wholeOf(file, name) {
  try {
    return new Blob([await file.arrayBuffer()], { type: file.type });
  } catch {
    throw new ServiceError(`${name}: found nothing that can be read, expected a picture`);
  }
}

/** The picture as the service saw it, upright; what this browser cannot read (TIFF), the service turns into a PNG. */
async function bitmapOf({ blob, name, entry }) {
  const own = await createImageBitmap(blob).catch(() => null);
  if (own?.width === entry.width && own?.height === entry.height) return own;
  own?.close();
  return createImageBitmap(await convert(blob, name, { format: "png", groups: "" }));
}

function show(picture, bitmap) {
  stage.set(bitmap, picture.entry.faces);
  current = picture;
  describe(picture);
  say(summaryOf(picture));
}

function summaryOf({ name, entry, milliseconds, whole }) {
  const time = `${timeOf({ milliseconds })}${whole.toFixed(0)} ms with sending`;
  return `${name}: ${facesIn(entry)}, ${entry.width} × ${entry.height} pixels, ${time}.`;
}

async function showAgain(picture) {
  stopCamera();
  wishes += 1;
  const wish = wishes;
  find("errors").replaceChildren();
  try {
    const bitmap = await bitmapOf(picture);
    if (wish !== wishes) {
      bitmap.close();
      return;
    }
    show(picture, bitmap);
    gallery.mark(picture);
  } catch (error) {
    complain(error);
  }
}

/** Texts and buttons that belong to the picture that is shown. */
function describe({ name, entry }) {
  find("empty").hidden = true;
  listFaces(find("faces"), entry.faces);
  find("canvas").setAttribute("aria-label", `${name}: ${facesIn(entry)}`);
  for (const button of all("[data-save]")) button.disabled = button.dataset.save === "pts" && !entry.faces.length;
  find("zooms").hidden = false;
}

function keep(picture) {
  gallery.add(picture, stage.picture, style, stage.show);
  find("gallery-section").hidden = false;
}

function forgetAll() {
  gallery.clear();
  find("gallery-section").hidden = true;
  say("All pictures are forgotten but the one that is shown.");
  find("file").focus();
}

async function startCamera() {
  wishes += 1;
  find("errors").replaceChildren();
  try {
    if (!(await camera.start())) return;
  } catch (error) {
    cameraFailed(error);
    return;
  }
  setCamera(true);
  say("The camera is on.");
}

function stopCamera() {
  if (!camera.running) return;
  camera.stop();
  setCamera(false);
  say("The camera is off.");
}

function setCamera(on) {
  find("camera").setAttribute("aria-pressed", String(on));
  find("camera").classList.toggle("active", on);
  find("snap").hidden = true;
  find("camera-note").textContent = "";
}

function showFrame(bitmap, { entry, milliseconds }, blob, rate) {
  stage.set(bitmap, entry.faces, true);
  current = { name: "camera.jpg", blob, entry, milliseconds, whole: 1000 / rate };
  describe(current);
  gallery.mark(null);
  find("snap").hidden = false;
  // not in the status line, which screen readers read aloud
  find("camera-note").textContent = `${rate.toFixed(1)} frames/s, ${timeOf({ milliseconds })}${facesIn(entry)}`;
}

function cameraFailed(error) {
  setCamera(false);
  const reasons = {
    NotAllowedError: "This page may not use the camera: the browser's permission is missing.",
    NotFoundError: "There is no camera here.",
    NotReadableError: "The camera is in use by another program.",
  };
  complain(reasons[error.name] ? new ServiceError(reasons[error.name]) : error);
}

async function download(kind) {
  try {
    await save(kind, current, stage.picture, style, stage.show);
  } catch (error) {
    complain(error);
  }
}

/** Shows an error until it is closed or the next picture is asked for; the status stays with the picture shown. */
function complain(error) {
  const box = Object.assign(document.createElement("div"), { className: "alert alert-danger alert-dismissible" });
  const close = Object.assign(document.createElement("button"), { className: "btn-close", type: "button" });
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => {
    box.remove();
    find("file").focus(); // else the keyboard starts again at the top
  });
  box.append(error.message, close);
  find("errors").append(box);
  say(current ? summaryOf(current) : "That did not work.");
  if (!(error instanceof ServiceError)) console.error(error);
}

function say(text) {
  find("status").textContent = text;
}

function showZoom(zoom) {
  find("zoom").textContent = zoom > 1.001 ? `${zoom.toFixed(1)}×` : "fit";
}

/** How long the service worked, where it says so. */
function timeOf({ milliseconds }) {
  return milliseconds === null ? "" : `${milliseconds.toFixed(0)} ms, `;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
