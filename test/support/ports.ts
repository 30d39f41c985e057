/** Choice of TCP ports in tests: the function of src/testing. */
export { freePort, LOOPBACK, listen, listenOn } from "../../src/testing/ports.js";
