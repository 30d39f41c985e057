/** Owns rest parameters that may be left out: any number of items, none included. Never shipped. */
import { anyItems } from "../core/shared-args.js";
import { type Custom, type Kind, type Param, rest } from "./dsl.js";

/** A rest parameter: items, arrays or sets of them, or nothing. */
export const anyNumber = (name: string, item: Kind, doc: string): Param => ({
  ...rest(name, item, doc),
  optional: true,
});

/** Its place on the wire. */
export const anyNumberOf = (name: string): Custom => ({
  build: anyItems,
  with: [name],
  names: [`${name}...`],
});
