/**
 * The parser that the parser tests run with, and the RESP types that hiredis cannot read. The projects of
 * vitest.config.ts that run these tests with the native parser set the environment variable.
 */
import { HiredisParser } from "../../src/protocol/hiredis/hiredis-parser.js";
import { JsParser } from "../../src/protocol/js-parser.js";
import type { ParserClass } from "../../src/protocol/parser.js";

/** `hiredis`, or unset for JsParser. */
export const PARSER_VARIABLE = "REDISWIRE_PARSER";

const native = process.env[PARSER_VARIABLE] === "hiredis";

/** The parser under test. */
export const ParserUnderTest: ParserClass = native ? HiredisParser : JsParser;
/** Whether it is the native parser. */
export const isNative = native;
/** Whether it reads RESP3. */
export const readsResp3 = !native || HiredisParser.resp3;

/** hiredis supports neither attributes nor bulk errors nor streamed types. */
const NEVER = /(?:^|\n)[|!;.]|[$*%~>=|]\?/;
const RESP3 = /(?:^|\n)[_#,(=%~>]/;
/** hiredis requires numbers in the server's notation with at most 64 bits. */
const UNUSUAL = /(?:^|\n)(?::\+|:-0|[:$*]0\d|:-?\d{19}|[$*]\d{11}|,-?\+|,1E400|\(\+)/;

/** Whether the parser under test supports these bytes; JsParser supports everything. */
export function reads(wire: string): boolean {
  if (!native) return true;
  if (NEVER.test(wire) || UNUSUAL.test(wire)) return false;
  return readsResp3 || !RESP3.test(wire);
}
