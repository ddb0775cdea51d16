/* Services of the member's tiers beside the sale: what was used is read when the dialog is opened. */

import { inSale, onDrawn } from "./till-area.js";

// The sale area is drawn without htmx, so the block is made known to it after every drawing.
onDrawn(() => {
  const block = inSale(".perks-at-till");
  if (block) globalThis.htmx.process(block);
});
