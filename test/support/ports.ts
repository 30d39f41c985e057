/** Owns the choice of TCP ports in tests: that of src/testing. */
export { freePort, LOOPBACK, listen, listenOn } from "../../src/testing/ports.js";
