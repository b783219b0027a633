// The pictures so far, in this page's memory only: they are gone with it.

import { drawFaces } from "./drawing.js";
import { facesIn } from "./faces.js";

const MOST = 24; // pictures kept; the oldest go first
const SIZE = 192; // pixels of a thumbnail's edge

export class Gallery {
  /** list: the <ul>; chosen: called with the picture that is clicked. */
  constructor(list, chosen) {
    Object.assign(this, { list, chosen });
    this.pictures = [];
  }

  /** Adds {name, blob, entry, ...} with a thumbnail of its bitmap. */
  add(picture, bitmap, style, show) {
    const thumbnail = thumbnailOf(bitmap, picture.entry.faces, style, show);
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `${picture.name}, ${facesIn(picture.entry)}`);
    button.title = picture.name;
    button.append(thumbnail);
    button.addEventListener("click", () => this.chosen(picture));
    const item = document.createElement("li");
    item.append(button);
    this.list.prepend(item);
    this.pictures.unshift({ picture, item, button });
    this.pictures.splice(MOST).forEach((old) => old.item.remove());
    this.mark(picture);
  }

  /** Marks which picture is shown; null: none. */
  mark(shown) {
    for (const { picture, button } of this.pictures) button.setAttribute("aria-current", String(picture === shown));
  }

  clear() {
    this.pictures = [];
    this.list.replaceChildren();
  }
}

function thumbnailOf(bitmap, faces, style, show) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIZE, height: SIZE });
  const context = canvas.getContext("2d");
  const scale = Math.max(SIZE / bitmap.width, SIZE / bitmap.height);
  const place = { scale, x: (SIZE - bitmap.width * scale) / 2, y: (SIZE - bitmap.height * scale) / 2 };
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, place.x, place.y, bitmap.width * scale, bitmap.height * scale);
  drawFaces(context, faces, style, { ...show, errors: false, numbers: false, boxes: false }, place);
  return canvas;
}
