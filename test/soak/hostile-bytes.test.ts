/** test/unit/protocol/hostile-bytes.test.ts at its full length. */
import "../unit/protocol/hostile-bytes.test.js";
