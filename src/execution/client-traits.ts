/**
 * What scripts and locks need of a client besides its commands. Read through a symbol that all copies of this
 * library share, because the client may be of another copy (ESM and CJS).
 */
import { ownProperties } from "../util/own.js";

/** Key of the accessor of a client's {@link ClientTraits}. */
export const CLIENT_TRAITS: unique symbol = Symbol.for("rediswire.clientTraits");

/** Properties of a client that decide how others use it. */
export interface ClientTraits {
  /** The client's encoding of text. */
  readonly encoding: BufferEncoding;
  /** Database of its connections. */
  readonly db: number;
  /** Whether commands go to several servers, each with its own scripts. */
  readonly severalServers: boolean;
}

/** Traits of a client that has none, such as an object with the same methods. */
const DEFAULT: ClientTraits = ownProperties({ encoding: "utf8", db: 0, severalServers: false });

/** Return the traits of a client. */
export function traitsOfClient(client: object): ClientTraits {
  return (client as { readonly [CLIENT_TRAITS]?: ClientTraits })[CLIENT_TRAITS] ?? DEFAULT;
}
