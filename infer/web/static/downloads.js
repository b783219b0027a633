// Files for the picture that is shown. CSV and .pts are the service's own; the PNG is what is seen, at full size.

import { drawFaces } from "./drawing.js";
import { convert, ServiceError } from "./service.js";

/** Saves a picture {name, blob, entry} as "json", "csv", "pts" or "png"; bitmap, style and show are for the last. */
export async function save(kind, picture, bitmap, style, show) {
  const stem = picture.name.replace(/\.[^.]+$/, "") || "picture";
  if (kind === "json") {
    const text = `${JSON.stringify({ images: [picture.entry] })}\n`;
    offer(new Blob([text], { type: "application/json" }), `${stem}.json`);
  } else if (kind === "csv") {
    offer(await convert(picture.blob, picture.name, { format: "csv" }), `${stem}.csv`);
  } else if (kind === "png") {
    offer(await drawn(bitmap, picture.entry.faces, style, show), `${stem}-points.png`);
  } else {
    await savePoints(picture, stem);
  }
}

/** A .pts file holds one face; several are numbered from 1, as the command line does. */
async function savePoints(picture, stem) {
  const count = picture.entry.faces.length;
  for (let face = 0; face < count; face += 1) {
    const name = count > 1 ? `${stem}_${face + 1}.pts` : `${stem}.pts`;
    offer(await convert(picture.blob, picture.name, { format: "pts", face }), name);
  }
}

function drawn(bitmap, faces, style, show) {
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  drawFaces(context, faces, style, show, { scale: 1, x: 0, y: 0 });
  return new Promise((done, failed) => {
    const tooLarge = new ServiceError("The picture is too large for a PNG of this browser.");
    canvas.toBlob((blob) => (blob ? done(blob) : failed(tooLarge)), "image/png");
  });
}

function offer(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
