/** test/faults/hostile-peers.test.ts at its full length. */
import "../faults/hostile-peers.test.js";
