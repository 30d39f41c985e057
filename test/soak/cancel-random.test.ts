/** 100,000 commands, 10,000 aborts: test/faults/cancel-random.test.ts at its full length. */
import "../faults/cancel-random.test.js";
