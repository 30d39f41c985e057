/** test/unit/hostile-bytes.test.ts at full length. */
import "../unit/hostile-bytes.test.js";
