/**
 * Owns which parser the parser's tests are about, and what hiredis is known not to read. The variable
 * is set by the projects of vitest.config.ts that run the same tests over the native parser.
 */
import { HiredisParser } from "../../src/protocol/hiredis/hiredis-parser.js";
import { JsParser } from "../../src/protocol/js-parser.js";
import type { ParserClass } from "../../src/protocol/parser.js";

/** `hiredis`, or unset for JsParser. */
export const PARSER_VARIABLE = "REDISWIRE_PARSER";

const native = process.env[PARSER_VARIABLE] === "hiredis";

/** The parser the tests are about. */
export const ParserUnderTest: ParserClass = native ? HiredisParser : JsParser;
/** Whether that is the native one. */
export const isNative = native;
/** Whether it reads RESP3. */
export const readsResp3 = !native || HiredisParser.resp3;

/** hiredis knows neither attributes nor the errors that are bulk strings, nor what is streamed. */
const NEVER = /(?:^|\n)[|!;.]|[$*%~>=|]\?/;
const RESP3 = /(?:^|\n)[_#,(=%~>]/;
/** It wants numbers as a server writes them, and of no more than 64 bits. */
const UNUSUAL = /(?:^|\n)(?::\+|:-0|[:$*]0\d|:-?\d{19}|[$*]\d{11}|,-?\+|,1E400|\(\+)/;

/** Whether the parser reads such bytes at all; JsParser reads everything. */
export function reads(wire: string): boolean {
  if (!native) return true;
  if (NEVER.test(wire) || UNUSUAL.test(wire)) return false;
  return readsResp3 || !RESP3.test(wire);
}
