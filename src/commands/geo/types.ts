/** Public types of geospatial commands. */
import type { Value } from "../core/info.js";
import type { Decimal } from "../core/types.js";

type GeoUnitName = "m" | "km" | "ft" | "mi";

/** Unit of length: metres, kilometres, feet or miles. */
export type GeoUnit = GeoUnitName | Uppercase<GeoUnitName>;

/** Order by distance: nearest first (`ASC`) or farthest first (`DESC`). */
export type GeoSort = "ASC" | "DESC" | "asc" | "desc";

/** Coordinates in degrees: longitude (east positive), then latitude (north positive). */
export type GeoPoint = [longitude: number, latitude: number];

/** Coordinates in degrees and the member at them. */
export type GeoPlace = readonly [longitude: Decimal, latitude: Decimal, member: Value];

/** Members to add: `[longitude, latitude, member]` triples or a flat list of such values. */
export type GeoPlaces = readonly GeoPlace[] | readonly Value[];

type GeoDetail<Wanted extends boolean | undefined, Detail extends unknown[]> = Wanted extends true
  ? Detail
  : [];

type GeoFound<T, Details extends unknown[]> = Details extends [] ? T : [member: T, ...Details];

/**
 * A search result: the member alone, or the member followed by the requested details in this order:
 * distance in the unit of the search, hash as a 52-bit integer, coordinates.
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
