/**
 * Objects that inherit nothing. A program may add properties to `Object.prototype`; none of them may be read
 * as an option that the caller did not set.
 */

/** Copy the own enumerable properties of an object to an object without a prototype. */
export function ownProperties<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object);
}

const EMPTY = {};

/** Whether a program has added an enumerable property to `Object.prototype`. */
function isPrototypeExtended(): boolean {
  for (const _ in EMPTY) return true;
  return false;
}

/** By table: whether an object inherits a name of it. Checked once, because it is as costly as a copy. */
const INHERITED = new Map<object, boolean>();

/**
 * Whether an object literal may inherit a property that a table names. Non-enumerable properties are seen when
 * they are defined before the first call for the table.
 */
export function inheritsAny(table: object): boolean {
  let inherits = INHERITED.get(table);
  if (inherits === undefined) {
    inherits = Object.keys(table).some((name) => Reflect.has(EMPTY, name));
    INHERITED.set(table, inherits);
  }
  return inherits || isPrototypeExtended();
}
