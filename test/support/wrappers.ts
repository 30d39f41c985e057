/** The ways in which programs wrap an object: tracing, dependency injection, reactive frameworks. */

/** Wrap an object; the result has its type. */
export type Wrapper = <T extends object>(object: T) => T;

/** Each way, with its name. */
export const WRAPPERS: readonly (readonly [name: string, wrap: Wrapper])[] = [
  ["a Proxy", (object) => new Proxy(object, {})],
  [
    "a Proxy that traces",
    (object) => new Proxy(object, { get: (target, key, on) => Reflect.get(target, key, on) }),
  ],
  ["Object.create", (object) => Object.create(object)],
];
