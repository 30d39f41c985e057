/** Owns the argument shapes of geospatial commands, under the rules of `args.ts`. */
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
// Redis takes them in capitals too, but only since 7.0.
const UNITS = new Choice("m", "km", "ft", "mi");

/** Add longitudes, latitudes and members of places, given as triples or one after the other. */
export function geoPlaces(args: ArgList, places: GeoPlaces): void {
  if (!Array.isArray(places)) {
    args.invalid("places", "must be an array");
    return;
  }
  const flat: readonly unknown[] = Array.isArray(places[0]) ? flatten(args, places) : places;
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

function flatten(args: ArgList, places: readonly unknown[]): unknown[] {
  return places.flatMap((place) => {
    if (Array.isArray(place) && place.length === 3) return place;
    args.invalid("places", "must hold [longitude, latitude, member] triples");
    return [];
  });
}

/** What {@link geoArea} reads. */
export interface AreaShape {
  readonly member?: Value | undefined;
  readonly longitude?: Decimal | undefined;
  readonly latitude?: Decimal | undefined;
  readonly radius?: Decimal | undefined;
  readonly width?: Decimal | undefined;
  readonly height?: Decimal | undefined;
  readonly unit?: GeoUnit | undefined;
}

/** Add where to search from and how far; 0 is as good as any other number. */
export function geoArea(args: ArgList, options: AreaShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { member, longitude, latitude, radius, width, height } = options;
  if (member !== undefined) args.add(FROMMEMBER).value("options.member", member);
  else pair(args.add(FROMLONLAT), "member", { longitude, latitude });
  if (radius !== undefined) args.add(BYRADIUS).decimal("options.radius", radius);
  else pair(args.add(BYBOX), "radius", { width, height });
  geoUnit(args, options);
}

/** Add two numbers that need each other, or blame the absence of all. */
function pair(
  args: ArgList,
  instead: string,
  numbers: Readonly<Record<string, Decimal | undefined>>,
): void {
  const names = Object.keys(numbers).map((name) => `"${name}"`);
  const given = Object.values(numbers).filter((number) => number !== undefined);
  if (given.length === 0) {
    args.fail(`one of the options "${instead}", ${names.join(", ")} must be given`);
  } else if (given.length < names.length) {
    args.fail(`options ${names.join(" and ")} must be given together`);
  }
  for (const [i, number] of given.entries()) args.decimal(`option ${names[i]}`, number);
}

/** Add the unit of lengths, metres when there is none. */
export function geoUnit(
  args: ArgList,
  options: { readonly unit?: GeoUnit | undefined } | undefined,
): void {
  if (args.error !== undefined) return;
  const { unit = "m" } = options ?? {};
  args.keyword("options.unit", unit, UNITS);
}

/** Add how many places to give, and whether any will do. */
export function geoCount(
  args: ArgList,
  options: { readonly count?: Integer | undefined; readonly any?: boolean | undefined } | undefined,
): void {
  if (args.error !== undefined || options === undefined) return;
  const { count, any } = options;
  if (count !== undefined) args.add(COUNT).count("options.count", count);
  else if (any === true) args.invalid("options.any", 'needs option "count"');
  args.flag("options.any", ANY, any);
}
