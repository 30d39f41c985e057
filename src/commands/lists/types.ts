/** Owns the types of the commands on lists. Types only. */

/** How many elements to move: at most a number (`"COUNT"`), or that many or none (`"EXACTLY"`). */
export type MoveMode = "COUNT" | "EXACTLY" | "count" | "exactly";

/**
 * How moved elements end up: as if each was moved by itself (`"OBO"`, which may turn them around), or
 * in the order they had (`"BULK"`).
 */
export type MoveOrdering = "OBO" | "BULK" | "obo" | "bulk";
