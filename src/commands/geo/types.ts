/** Owns the types of geospatial commands. Types only. */
import type { Value } from "../core/info.js";
import type { Decimal } from "../core/types.js";

type GeoUnitWord = "m" | "km" | "ft" | "mi";

/** A unit of length: metres, kilometres, feet or miles. */
export type GeoUnit = GeoUnitWord | Uppercase<GeoUnitWord>;

/** The order of places by distance: nearest or farthest first. */
export type GeoSort = "ASC" | "DESC" | "asc" | "desc";

/** A place on the earth, in degrees: longitude first, east positive; then latitude, north positive. */
export type GeoPoint = [longitude: number, latitude: number];

/** A member and where it is, in degrees. */
export type GeoPlace = readonly [longitude: Decimal, latitude: Decimal, member: Value];

/** Members and where they are: places, or longitudes, latitudes and members one after the other. */
export type GeoPlaces = readonly GeoPlace[] | readonly Value[];

type GeoDetail<Wanted extends boolean | undefined, Detail extends unknown[]> = Wanted extends true
  ? Detail
  : [];

type GeoFound<T, Details extends unknown[]> = Details extends [] ? T : [member: T, ...Details];

/**
 * What a search gives for each place: the member alone, or the member followed by what was asked for,
 * in this order: the distance in the unit of the search, the hash as an integer of 52 bits, the place.
 */
export type GeoResult<
  T extends string | Buffer = string,
  Dist extends boolean | undefined = false,
  Hash extends boolean | undefined = false,
  Coord extends boolean | undefined = false,
> = GeoFound<
  T,
  [
    ...GeoDetail<Dist, [distance: number]>,
    ...GeoDetail<Hash, [hash: number]>,
    ...GeoDetail<Coord, [coordinates: GeoPoint]>,
  ]
>;
