/** Owns the table of the geospatial commands. */

import { ALWAYS_TEXT, READONLY } from "../core/info.js";
import {
  bare,
  command,
  DECIMAL,
  type Entry,
  flag,
  KEY,
  key,
  oneOf,
  opt,
  optional,
  options,
  param,
  reply,
  restOrNone,
  type Signature,
  silent,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { geoArea, geoCount, geoPlaces, geoUnit } from "./args.js";
import { toGeoPoints, toGeoResults } from "./replies.js";

const SEARCH_COST = "O(N+log(M)) for N places in the area's bounding box and M in the sorted set";
const UNIT = wordOf(["m", "km", "ft", "mi"], "GeoUnit");
const SORT = wordOf(["ASC", "DESC"], "GeoSort");
const members = restOrNone("values", VALUE, "Members, as arguments or in arrays.");
const longitude = param(
  "longitude",
  DECIMAL,
  "Longitude of the centre in degrees; east is positive.",
);
const latitude = param(
  "latitude",
  DECIMAL,
  "Latitude of the centre in degrees; north is positive.",
);
const radius = param("radius", DECIMAL, "Radius of the circle, in the unit of the options.");
const member = param("member", VALUE, "The member that is the centre.");

const unit = {
  ...silent("unit", "GeoUnit", "Unit of all lengths; metres when left out."),
  kind: UNIT,
};
const sort = bare("sort", SORT, "Order by distance from the centre; none when left out.");
const limits = [
  silent("count", "Integer", "How many places to give at most."),
  silent("any", "boolean", "With `count`: the first places found, not the nearest ones."),
];
const countWire = { build: geoCount, with: ["options"], names: ["COUNT", "count", "ANY"] };
const unitWire = { build: geoUnit, with: ["options"], names: ["unit"] };

const withDist = flag("withDist", "WITHDIST", "Give distances from the centre too, in the unit.");
const withHash = flag("withHash", "WITHHASH", "Give the hashes too.");
const withCoord = flag(
  "withCoord",
  "WITHCOORD",
  "Give the places too, as `[longitude, latitude]`.",
);
const details = [withCoord, withDist, withHash];
const searchArea = [
  {
    ...oneOf("GeoCenter", "Where to search from.", [
      silent("member", "Value", "The member that is the centre."),
      silent("longitude", "Decimal", "Longitude of the centre in degrees; east is positive."),
      silent("latitude", "Decimal", "Latitude of the centre in degrees; north is positive."),
    ]),
    together: [["member"], ["longitude", "latitude"]],
    required: true as const,
  },
  {
    ...oneOf("GeoShape", "How far to search.", [
      silent("radius", "Decimal", "Radius of a circle."),
      silent("width", "Decimal", "Width of a box whose sides point north."),
      silent("height", "Decimal", "Height of the box."),
    ]),
    together: [["radius"], ["width", "height"]],
    required: true as const,
  },
  unit,
  sort,
  ...limits,
];
const areaWire = { build: geoArea, with: ["options"], names: ["FROM", "longitude", "latitude"] };

const FOUND =
  "The members, or for each an array of the member and what was asked for: distance, hash, " +
  "`[longitude, latitude]`.";
const GENERICS =
  "<D extends boolean | undefined = false, S extends boolean | undefined = false, " +
  "C extends boolean | undefined = false>";
const DETAILS = "{ readonly withDist?: D; readonly withHash?: S; readonly withCoord?: C }";
const found: Omit<Signature, "params"> = {
  generics: GENERICS,
  type: "GeoResult<T, D, S, C>[]",
  returns: FOUND,
};

const radiusOptions = options(
  "GeoradiusOptions",
  unit,
  {
    group: "GeoradiusResult",
    doc: "What to do with the places found: give them, or store them.",
    members: [
      ...details,
      opt("store", "STORE", KEY, "Key of a sorted set to store the places in, as `geoadd` does."),
      opt("storeDist", "STOREDIST", KEY, "Key of a sorted set to store with distances as scores."),
    ],
    together: [["withCoord", "withDist", "withHash"], ["store"], ["storeDist"]],
  },
  sort,
  ...limits,
);
const radiusReadOptions = options("GeoradiusRoOptions", unit, ...details, sort, ...limits);

const NO_STORE = "{ readonly store?: undefined; readonly storeDist?: undefined }";
const radiusSignatures = (params: string): Signature[] => [
  { ...found, params: `${params}, options?: GeoradiusOptions & ${NO_STORE} & ${DETAILS}` },
  {
    params:
      `${params}, options: GeoradiusOptions & ` +
      "({ readonly store: Key } | { readonly storeDist: Key })",
    type: "number",
    returns: "How many places were stored.",
  },
  {
    params: `${params}, options?: GeoradiusOptions`,
    type: "GeoResult<T, boolean, boolean, boolean>[] | number",
    returns: "What the options ask for.",
  },
];
const radiusReadSignatures = (params: string): Signature[] => [
  { ...found, params: `${params}, options?: GeoradiusRoOptions & ${DETAILS}` },
];

const AROUND = "key: Key, longitude: Decimal, latitude: Decimal, radius: Decimal";
const around = [key(), longitude, latitude, radius];
const aroundWire = ["key", "longitude", "latitude", "radius", unitWire, "options", countWire];
const BY_MEMBER = "key: Key, member: Value, radius: Decimal";
const byMember = [key(), member, radius];
const byMemberWire = ["key", "member", "radius", unitWire, "options", countWire];
const INSTEAD = "Use `geosearch` or `geosearchstore`.";
const places = reply("T[]", toGeoResults);

export const geo: readonly Entry[] = [
  command("GEOADD", {
    since: "3.2.0",
    cost: "O(log(N)) a place",
    summary: "Add places to a sorted set, whose scores are their hashes.",
    args: [
      key(),
      param(
        "places",
        { type: "GeoPlaces" },
        "`[longitude, latitude, member]` of each place in degrees, or all of them in one array.",
      ),
    ],
    options: options(
      "GeoaddOptions",
      oneOf("GeoaddCondition", "When to add; at most one.", [
        flag("nx", "NX", "Only members that are new."),
        flag("xx", "XX", "Only members that are there already."),
      ]),
      flag("ch", "CH", "Count the moved ones too, not just the new."),
    ),
    wire: ["key", "options", { build: geoPlaces, with: ["places"], names: ["places..."] }],
    reply: replies.count,
    returns: "How many members are new, or with `ch` new or moved.",
  }),
  command("GEODIST", {
    since: "3.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Measure the distance between two members.",
    args: [
      key(),
      param("place1", VALUE, "One member."),
      param("place2", VALUE, "The other member."),
      optional("unit", UNIT, "Unit of the distance; metres when left out."),
    ],
    reply: replies.doubleOrNull,
    returns: "The distance, or `null` when a member is missing.",
  }),
  command("GEOHASH", {
    since: "3.2.0",
    cost: "O(1) a member",
    flags: READONLY | ALWAYS_TEXT,
    summary: "Write the places of members as geohashes of eleven characters.",
    args: [key(), members],
    reply: reply("(string | null)[]"),
    returns: "One geohash a member, in order; `null` for missing ones.",
  }),
  command("GEOPOS", {
    since: "3.2.0",
    cost: "O(1) a member",
    flags: READONLY,
    summary: "Read where members are.",
    args: [key(), members],
    reply: reply("(GeoPoint | null)[]", toGeoPoints),
    returns: "`[longitude, latitude]` of each member, in order; `null` for missing ones.",
  }),
  command("GEORADIUS", {
    since: "3.2.0",
    cost: SEARCH_COST,
    summary: "Find the members within a circle around a place.",
    deprecated: INSTEAD,
    args: around,
    options: radiusOptions,
    wire: aroundWire,
    reply: places,
    returns: FOUND,
    signatures: radiusSignatures(AROUND),
  }),
  command("GEORADIUSBYMEMBER", {
    since: "3.2.0",
    cost: SEARCH_COST,
    summary: "Find the members within a circle around a member.",
    deprecated: INSTEAD,
    args: byMember,
    options: radiusOptions,
    wire: byMemberWire,
    reply: places,
    returns: FOUND,
    signatures: radiusSignatures(BY_MEMBER),
  }),
  command("GEORADIUSBYMEMBER_RO", {
    since: "3.2.10",
    cost: SEARCH_COST,
    flags: READONLY,
    summary: "Find the members within a circle around a member, without storing them.",
    deprecated: "Use `geosearch`.",
    args: byMember,
    options: radiusReadOptions,
    wire: byMemberWire,
    reply: places,
    returns: FOUND,
    signatures: radiusReadSignatures(BY_MEMBER),
  }),
  command("GEORADIUS_RO", {
    since: "3.2.10",
    cost: SEARCH_COST,
    flags: READONLY,
    summary: "Find the members within a circle around a place, without storing them.",
    deprecated: "Use `geosearch`.",
    args: around,
    options: radiusReadOptions,
    wire: aroundWire,
    reply: places,
    returns: FOUND,
    signatures: radiusReadSignatures(AROUND),
  }),
  command("GEOSEARCH", {
    since: "6.2.0",
    cost: SEARCH_COST,
    flags: READONLY,
    summary: "Find the members within a circle or a box.",
    args: [key()],
    options: options("GeosearchOptions", ...searchArea, ...details),
    wire: ["key", areaWire, "options", countWire],
    reply: places,
    returns: FOUND,
    signatures: [{ ...found, params: `key: Key, options: GeosearchOptions & ${DETAILS}` }],
  }),
  command("GEOSEARCHSTORE", {
    since: "6.2.0",
    cost: SEARCH_COST,
    summary: "Store the members within a circle or a box.",
    args: [
      key("dest", "Key to store the result at, replacing what was there."),
      key("key", "Sorted set to search."),
    ],
    options: options(
      "GeosearchstoreOptions",
      ...searchArea,
      flag("storeDist", "STOREDIST", "Store distances in the unit as scores, instead of hashes."),
    ),
    wire: ["dest", "key", areaWire, "options", countWire],
    reply: replies.count,
    returns: "How many were stored.",
  }),
];
