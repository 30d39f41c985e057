/** test/unit/hostile-options.test.ts at full length. */
import "../unit/options/hostile-options.test.js";
