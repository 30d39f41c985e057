/**
 * Argument builders of geospatial commands for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Value } from "../core/info.js";
import type { Decimal, Integer } from "../core/types.js";
import type { GeoPlaces, GeoUnit } from "./types.js";

const FROMMEMBER = token("FROMMEMBER");
const FROMLONLAT = token("FROMLONLAT");
const BYRADIUS = token("BYRADIUS");
const BYBOX = token("BYBOX");
const COUNT = token("COUNT");
const ANY = token("ANY");
// Sent in lower case: Redis accepts upper case only since 7.0.
const UNITS = new Choice("m", "km", "ft", "mi");

/** Add longitudes, latitudes and members, given as triples or as a flat list. */
export function addGeoPlaces(args: ArgList, places: GeoPlaces): void {
  if (!Array.isArray(places)) {
    args.invalid("places", "must be an array");
    return;
  }
  const flat: readonly unknown[] = Array.isArray(places[0]) ? flattenTriples(args, places) : places;
  if (flat.length === 0) args.invalid("places", "must not be empty");
  if (flat.length % 3 !== 0) {
    args.invalid("places", "must hold a longitude, a latitude and a member for each place");
  }
  for (let i = 0; i + 2 < flat.length; i += 3) {
    args.decimal("each longitude of places", flat[i] as Decimal);
    args.decimal("each latitude of places", flat[i + 1] as Decimal);
    args.value("each member of places", flat[i + 2] as Value);
  }
}

function flattenTriples(args: ArgList, places: readonly unknown[]): unknown[] {
  return places.flatMap((place) => {
    if (Array.isArray(place) && place.length === 3) return place;
    args.invalid("places", "must hold [longitude, latitude, member] triples");
    return [];
  });
}

/** The options that {@link addGeoArea} reads. */
export interface GeoAreaOptions {
  readonly member?: Value | undefined;
  readonly longitude?: Decimal | undefined;
  readonly latitude?: Decimal | undefined;
  readonly radius?: Decimal | undefined;
  readonly width?: Decimal | undefined;
  readonly height?: Decimal | undefined;
  readonly unit?: GeoUnit | undefined;
}

/** Add the centre and the shape of a search area; 0 is a valid coordinate and length. */
export function addGeoArea(args: ArgList, options: GeoAreaOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { member, longitude, latitude, radius, width, height } = options;
  if (member !== undefined) args.add(FROMMEMBER).value("options.member", member);
  else addNumberPair(args.add(FROMLONLAT), "member", { longitude, latitude });
  if (radius !== undefined) args.add(BYRADIUS).decimal("options.radius", radius);
  else addNumberPair(args.add(BYBOX), "radius", { width, height });
  addGeoUnit(args, options);
}

/** Add two numbers that require each other; `alternative` is the option that can replace both. */
function addNumberPair(
  args: ArgList,
  alternative: string,
  numbers: Readonly<Record<string, Decimal | undefined>>,
): void {
  const names = Object.keys(numbers).map((name) => `"${name}"`);
  const given = Object.values(numbers).filter((number) => number !== undefined);
  if (given.length === 0) {
    args.fail(`one of the options "${alternative}", ${names.join(", ")} must be given`);
  } else if (given.length < names.length) {
    args.fail(`options ${names.join(" and ")} must be given together`);
  }
  for (const [i, number] of given.entries()) args.decimal(`option ${names[i]}`, number);
}

/** Add the unit of lengths; default metres. */
export function addGeoUnit(
  args: ArgList,
  options: { readonly unit?: GeoUnit | undefined } | undefined,
): void {
  if (args.error !== undefined) return;
  const unit = options?.unit === undefined ? "m" : options.unit;
  args.keyword("options.unit", unit, UNITS);
}

/** Add COUNT, and ANY, which requires it. */
export function addGeoCount(
  args: ArgList,
  options: { readonly count?: Integer | undefined; readonly any?: boolean | undefined } | undefined,
): void {
  if (args.error !== undefined || options === undefined) return;
  const { count, any } = options;
  if (count !== undefined) args.add(COUNT).count("options.count", count);
  else if (any === true) args.invalid("options.any", 'needs option "count"');
  args.flag("options.any", ANY, any);
}
