// Points, lines, errors, numbers and boxes drawn over a picture, as infer/draw.py draws them.

const HALO = "#181818";
const INK = "#e1e1e1";
const [DISC, RING] = [0.25, 0.85]; // opacity of the circles of expected errors: within, and their edges

/**
 * Draws faces into a 2D context.
 *
 * style: {groups, lines, colours} of the model; show: {groups: Set of names, points, lines, errors, numbers, boxes};
 * place: {scale, x, y} of the picture in the context's pixels: pixel centres of the picture lie at whole numbers.
 */
export function drawFaces(context, faces, style, show, place) {
  context.save();
  context.lineCap = context.lineJoin = "round";
  faces.forEach((face, index) => drawFace(context, face, index, style, show, place));
  context.restore();
}

function drawFace(context, face, index, style, show, place) {
  const at = ([x, y]) => [(x + 0.5) * place.scale + place.x, (y + 0.5) * place.scale + place.y];
  const points = face.points.map(at);
  const [[x0, y0], [x1, y1]] = [at(face.box.slice(0, 2)), at(face.box.slice(2))];
  const edge = Math.max(x1 - x0, y1 - y0);
  const sizes = { line: Math.max(1, edge / 220), dot: Math.max(0.9, edge / 110), ring: Math.max(1, edge / 300) };
  sizes.halo = edge >= 90 ? 1.5 : 0;
  const names = Object.keys(style.groups).filter((name) => show.groups.has(name));
  if (show.errors && face.errors) {
    const radii = face.errors.map((error) => error * place.scale);
    drawErrors(context, points, radii, names, style, sizes);
  }
  for (const dark of sizes.halo ? [true, false] : [false]) {
    if (show.lines) strokeLines(context, points, names, style, sizes, dark);
    if (show.points) fillDots(context, points, names, style, sizes, dark);
  }
  if (show.boxes) drawBox(context, x0, y0, x1, y1, String(index + 1));
  if (show.numbers) drawNumbers(context, points, names, style, edge);
}

/** Circles around points, but those that would only thicken the dot; a group's in one path, so that they do not add up. */
function drawErrors(context, points, radii, names, style, sizes) {
  for (const name of names) {
    context.beginPath();
    for (const index of style.groups[name].filter((one) => radii[one] > sizes.dot + 1)) {
      const [x, y] = points[index];
      context.moveTo(x + radii[index], y);
      context.arc(x, y, radii[index], 0, 2 * Math.PI);
    }
    context.fillStyle = context.strokeStyle = style.colours[name];
    context.lineWidth = sizes.ring;
    context.globalAlpha = DISC;
    context.fill();
    context.globalAlpha = RING;
    context.stroke();
  }
  context.globalAlpha = 1;
}

function strokeLines(context, points, names, style, sizes, dark) {
  for (const name of names) {
    context.strokeStyle = dark ? HALO : style.colours[name];
    context.lineWidth = sizes.line + (dark ? 2 * sizes.halo : 0);
    for (const chain of style.lines[name] ?? []) {
      context.beginPath();
      chain.forEach((index) => context.lineTo(...points[index]));
      context.stroke();
    }
  }
}

function fillDots(context, points, names, style, sizes, dark) {
  for (const name of names) {
    context.fillStyle = dark ? HALO : style.colours[name];
    for (const index of style.groups[name]) {
      context.beginPath();
      context.arc(...points[index], sizes.dot + (dark ? sizes.halo : 0), 0, 2 * Math.PI);
      context.fill();
    }
  }
}

function drawNumbers(context, points, names, style, edge) {
  const size = Math.max(9, edge / 40);
  for (const name of names) {
    for (const index of style.groups[name]) {
      const [x, y] = points[index];
      write(context, String(index), x + size / 4, y - size / 4, size);
    }
  }
}

function drawBox(context, x0, y0, x1, y1, name) {
  for (const [colour, width] of [[HALO, 4], [INK, 1.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }
  write(context, name, x0 + 2, y0 - 6, Math.max(14, (x1 - x0) / 14));
}

function write(context, text, x, y, size) {
  context.font = `${size}px system-ui, sans-serif`;
  context.strokeStyle = HALO;
  context.lineWidth = size / 4;
  context.strokeText(text, x, y);
  context.fillStyle = INK;
  context.fillText(text, x, y);
}
