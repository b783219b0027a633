// The page about the model.

import { paintSwatches } from "./swatches.js";

paintSwatches((swatch) => swatch.dataset.colour);
