/** test/unit/options/hostile-options.test.ts at its full length. */
import "../unit/options/hostile-options.test.js";
