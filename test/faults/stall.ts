/** Loaded into a server: at SIGWINCH its event loop stands still for half a second, as it does behind a long computation. */
const STALL_MS = 500;
const nobody = new Int32Array(new SharedArrayBuffer(4));

process.on('SIGWINCH', () => void Atomics.wait(nobody, 0, 0, STALL_MS));
