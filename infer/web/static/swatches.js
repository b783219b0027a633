// Colours that come from the model: set here, because the page's policy forbids style attributes.

/** Colours every swatch inside a document by the colour that `colourOf` gives for it. */
export function paintSwatches(colourOf) {
  for (const swatch of document.querySelectorAll(".swatch")) {
    swatch.style.backgroundColor = colourOf(swatch) ?? "transparent";
  }
}
