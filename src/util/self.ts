/**
 * Access to the private members of a public object through whatever wraps it. `#private` members exist only on
 * the object itself, so a method that is called on `new Proxy(object, {})` or `Object.create(object)` reaches
 * them through this property, which a Proxy forwards and a prototype passes on.
 */
import { ownProperties } from "./own.js";

/** Key of the property in which a public object refers to itself. */
export const SELF: unique symbol = Symbol("self");

/**
 * Define `object[SELF]`. Not enumerable, so that `inspect`, spread and copies of the object do not show it;
 * configurable, so that the handler of a Proxy may return another value for it.
 */
export function defineSelf(object: object): void {
  Object.defineProperty(object, SELF, ownProperties({ value: object, configurable: true }));
}
