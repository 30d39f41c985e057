/** test/unit/hostile-bytes.test.ts at full length. */
import "../unit/protocol/hostile-bytes.test.js";
