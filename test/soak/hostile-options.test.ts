/** test/unit/hostile-options.test.ts at full length. */
import "../unit/hostile-options.test.js";
