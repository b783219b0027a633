// What is known of each face, as text.

const DEGREES = { yaw: "yaw", pitch: "pitch", roll: "roll" };
const OPEN = { left_eye: "left eye", right_eye: "right eye", mouth: "mouth" };

/** Fills the list with the faces of an answer. */
export function listFaces(list, faces) {
  const items = faces.map(itemOf);
  list.replaceChildren(...(items.length ? items : [element("li", "list-group-item text-body-secondary", "No face found.")]));
}

function itemOf(face, index) {
  const item = element("li", "list-group-item");
  const title = element("div", "d-flex justify-content-between");
  title.append(element("strong", "", `Face ${index + 1}`), element("span", "text-body-secondary small", sharesOf(face)));
  item.append(title);
  if (face.pose) item.append(figures(DEGREES, face.pose, (value) => `${value.toFixed(1)}°`));
  if (face.open) item.append(figures(OPEN, face.open, (value) => value.toFixed(2)));
  return item;
}

/** What of 0 to 1 is known of a face: how surely it is one, and how sure its points are. */
const sharesOf = ({ score, sure }) =>
  Object.entries({ score, sure })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(", ");

function figures(names, values, textOf) {
  const list = element("dl", "figures");
  for (const [key, name] of Object.entries(names)) {
    const pair = element("div");
    pair.append(element("dt", "", name), element("dd", "", values[key] === null ? "–" : textOf(values[key])));
    list.append(pair);
  }
  return list;
}

function element(tag, classes = "", text = "") {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}

/** "1 face", "2 faces" or "no faces". */
export function facesIn({ faces }) {
  return faces.length === 1 ? "1 face" : `${faces.length || "no"} faces`;
}
