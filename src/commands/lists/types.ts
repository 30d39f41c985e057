/** Public types of list commands. */

/** Meaning of `count`: the maximum (`"COUNT"`), or the exact number or none (`"EXACTLY"`). */
export type MoveMode = "COUNT" | "EXACTLY" | "count" | "exactly";

/**
 * Order of moved elements: one by one (`"OBO"`), which may reverse them, or as in the source
 * (`"BULK"`).
 */
export type MoveOrdering = "OBO" | "BULK" | "obo" | "bulk";
