/** A million commands, 5,000 blocking pops, 10,000 reconnects: test/faults/load.test.ts at full length. */
import "../faults/load.test.js";
