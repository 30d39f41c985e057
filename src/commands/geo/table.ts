/** Command table of the geospatial commands. */

import { ALWAYS_TEXT, READONLY } from "../core/info.js";
import { geoStoreKeys } from "../core/key-finders.js";
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
import { addGeoArea, addGeoCount, addGeoPlaces, addGeoUnit } from "./args.js";
import { toGeoPoints, toGeoResults } from "./replies.js";

const SEARCH_COST = "O(N+log(M)) for N members in the bounding box and M in the set";
const UNIT = wordOf(["m", "km", "ft", "mi"], "GeoUnit");
const SORT = wordOf(["ASC", "DESC"], "GeoSort");
const members = restOrNone("values", VALUE, "Members, as arguments or arrays.");
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
const radius = param("radius", DECIMAL, "Radius of the circle, in `unit` of the options.");
const member = param("member", VALUE, "Member at the centre.");

const unit = {
  ...silent("unit", "GeoUnit", "Unit of all lengths; default metres."),
  kind: UNIT,
};
const sort = bare("sort", SORT, "Order by distance from the centre; default unsorted.");
const limits = [
  silent("count", "Integer", "Maximum number of members to return."),
  silent(
    "any",
    "boolean",
    "Return the first matches instead of the nearest ones; requires `count`.",
  ),
];
const countWire = { build: addGeoCount, with: ["options"], names: ["COUNT", "count", "ANY"] };
const unitWire = { build: addGeoUnit, with: ["options"], names: ["unit"] };

const withDist = flag("withDist", "WITHDIST", "Include the distance from the centre, in `unit`.");
const withHash = flag("withHash", "WITHHASH", "Include the geohash as an integer.");
const withCoord = flag(
  "withCoord",
  "WITHCOORD",
  "Include the coordinates, as `[longitude, latitude]`.",
);
const details = [withCoord, withDist, withHash];
const searchArea = [
  {
    ...oneOf("GeoCenter", "Centre of the search.", [
      silent("member", "Value", "Member at the centre."),
      silent("longitude", "Decimal", "Longitude of the centre in degrees; east is positive."),
      silent("latitude", "Decimal", "Latitude of the centre in degrees; north is positive."),
    ]),
    together: [["member"], ["longitude", "latitude"]],
    required: true as const,
  },
  {
    ...oneOf("GeoShape", "Shape of the search area.", [
      silent("radius", "Decimal", "Radius of a circle."),
      silent("width", "Decimal", "Width of a box aligned with the axes."),
      silent("height", "Decimal", "Height of the box."),
    ]),
    together: [["radius"], ["width", "height"]],
    required: true as const,
  },
  unit,
  sort,
  ...limits,
];
const areaWire = { build: addGeoArea, with: ["options"], names: ["FROM", "longitude", "latitude"] };

const RESULTS_RETURNS =
  "The members, or for each an array of the member and the requested details: distance, " +
  "hash, `[longitude, latitude]`.";
const DETAILS_GENERICS =
  "<D extends boolean | undefined = false, S extends boolean | undefined = false, " +
  "C extends boolean | undefined = false>";
const DETAILS_TYPE = "{ readonly withDist?: D; readonly withHash?: S; readonly withCoord?: C }";
const found: Omit<Signature, "params"> = {
  generics: DETAILS_GENERICS,
  type: "GeoResult<T, D, S, C>[]",
  returns: RESULTS_RETURNS,
};

const radiusOptions = options(
  "GeoradiusOptions",
  unit,
  {
    group: "GeoradiusResult",
    doc: "Details to return, or a key to store the result in.",
    members: [
      ...details,
      opt("store", "STORE", KEY, "Key of a sorted set to store the members in, as with `geoadd`."),
      opt(
        "storeDist",
        "STOREDIST",
        KEY,
        "Key of a sorted set to store the members in, with distances as scores.",
      ),
    ],
    together: [["withCoord", "withDist", "withHash"], ["store"], ["storeDist"]],
  },
  sort,
  ...limits,
);
const radiusReadOptions = options("GeoradiusRoOptions", unit, ...details, sort, ...limits);

const NO_STORE = "{ readonly store?: undefined; readonly storeDist?: undefined }";
const radiusSignatures = (params: string): Signature[] => [
  { ...found, params: `${params}, options?: GeoradiusOptions & ${NO_STORE} & ${DETAILS_TYPE}` },
  {
    params:
      `${params}, options: GeoradiusOptions & ` +
      "({ readonly store: Key } | { readonly storeDist: Key })",
    type: "number",
    returns: "Number of members stored.",
  },
  {
    params: `${params}, options?: GeoradiusOptions`,
    type: "GeoResult<T, boolean, boolean, boolean>[] | number",
    returns: "As the other signatures, depending on the options.",
  },
];
const radiusReadSignatures = (params: string): Signature[] => [
  { ...found, params: `${params}, options?: GeoradiusRoOptions & ${DETAILS_TYPE}` },
];

const COORDINATES_PARAMS = "key: Key, longitude: Decimal, latitude: Decimal, radius: Decimal";
const coordinatesArgs = [key(), longitude, latitude, radius];
const coordinatesWire = ["key", "longitude", "latitude", "radius", unitWire, "options", countWire];
const MEMBER_PARAMS = "key: Key, member: Value, radius: Decimal";
const memberArgs = [key(), member, radius];
const memberWire = ["key", "member", "radius", unitWire, "options", countWire];
const DEPRECATED = "Use `geosearch` or `geosearchstore`.";
const results = reply("T[]", toGeoResults);

export const geo: readonly Entry[] = [
  command("GEOADD", {
    since: "3.2.0",
    cost: "O(log(N)) per member",
    summary: "Add members with coordinates to a sorted set, or update them.",
    args: [
      key(),
      param(
        "places",
        { type: "GeoPlaces" },
        "`[longitude, latitude, member]` triples in degrees, or a flat array of these values.",
      ),
    ],
    options: options(
      "GeoaddOptions",
      oneOf("GeoaddCondition", "Condition for adding; at most one.", [
        flag("nx", "NX", "Only add new members."),
        flag("xx", "XX", "Only update existing members."),
      ]),
      flag("ch", "CH", "Count moved members too."),
    ),
    wire: ["key", "options", { build: addGeoPlaces, with: ["places"], names: ["places..."] }],
    reply: replies.count,
    returns: "Number of members added, or with `ch`, added or moved.",
  }),
  command("GEODIST", {
    since: "3.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the distance between two members.",
    args: [
      key(),
      param("place1", VALUE, "First member."),
      param("place2", VALUE, "Second member."),
      optional("unit", UNIT, "Unit of the distance; default metres."),
    ],
    reply: replies.doubleOrNull,
    returns: "The distance, or `null` if a member does not exist.",
  }),
  command("GEOHASH", {
    since: "3.2.0",
    cost: "O(1) per member",
    flags: READONLY | ALWAYS_TEXT,
    summary: "Return the coordinates of members as geohash strings of eleven characters.",
    args: [key(), members],
    reply: reply("(string | null)[]"),
    returns: "One geohash per member, in order; `null` for missing members.",
  }),
  command("GEOPOS", {
    since: "3.2.0",
    cost: "O(1) per member",
    flags: READONLY,
    summary: "Return the coordinates of members.",
    args: [key(), members],
    reply: reply("(GeoPoint | null)[]", toGeoPoints),
    returns: "`[longitude, latitude]` of each member, in order; `null` for missing members.",
  }),
  command("GEORADIUS", {
    findKeys: geoStoreKeys,
    since: "3.2.0",
    cost: SEARCH_COST,
    summary: "Return or store the members within a circle around coordinates.",
    deprecated: DEPRECATED,
    args: coordinatesArgs,
    options: radiusOptions,
    wire: coordinatesWire,
    reply: results,
    returns: RESULTS_RETURNS,
    signatures: radiusSignatures(COORDINATES_PARAMS),
  }),
  command("GEORADIUSBYMEMBER", {
    findKeys: geoStoreKeys,
    since: "3.2.0",
    cost: SEARCH_COST,
    summary: "Return or store the members within a circle around a member.",
    deprecated: DEPRECATED,
    args: memberArgs,
    options: radiusOptions,
    wire: memberWire,
    reply: results,
    returns: RESULTS_RETURNS,
    signatures: radiusSignatures(MEMBER_PARAMS),
  }),
  command("GEORADIUSBYMEMBER_RO", {
    since: "3.2.10",
    cost: SEARCH_COST,
    flags: READONLY,
    summary: "Return the members within a circle around a member.",
    deprecated: "Use `geosearch`.",
    args: memberArgs,
    options: radiusReadOptions,
    wire: memberWire,
    reply: results,
    returns: RESULTS_RETURNS,
    signatures: radiusReadSignatures(MEMBER_PARAMS),
  }),
  command("GEORADIUS_RO", {
    since: "3.2.10",
    cost: SEARCH_COST,
    flags: READONLY,
    summary: "Return the members within a circle around coordinates.",
    deprecated: "Use `geosearch`.",
    args: coordinatesArgs,
    options: radiusReadOptions,
    wire: coordinatesWire,
    reply: results,
    returns: RESULTS_RETURNS,
    signatures: radiusReadSignatures(COORDINATES_PARAMS),
  }),
  command("GEOSEARCH", {
    since: "6.2.0",
    cost: SEARCH_COST,
    flags: READONLY,
    summary: "Return the members within a circle or a box.",
    args: [key()],
    options: options("GeosearchOptions", ...searchArea, ...details),
    wire: ["key", areaWire, "options", countWire],
    reply: results,
    returns: RESULTS_RETURNS,
    signatures: [{ ...found, params: `key: Key, options: GeosearchOptions & ${DETAILS_TYPE}` }],
  }),
  command("GEOSEARCHSTORE", {
    since: "6.2.0",
    cost: SEARCH_COST,
    summary: "Store the members within a circle or a box.",
    args: [key("dest", "Destination key, which is overwritten."), key("key", "Source sorted set.")],
    options: options(
      "GeosearchstoreOptions",
      ...searchArea,
      flag("storeDist", "STOREDIST", "Store distances in `unit` as scores, instead of geohashes."),
    ),
    wire: ["dest", "key", areaWire, "options", countWire],
    reply: replies.count,
    returns: "Number of members stored.",
  }),
];
