/** Loaded into a server: at SIGUSR2 its event loop stands still for half a second, as it does behind a long computation. */
const STALL_MS = 500;
const nobody = new Int32Array(new SharedArrayBuffer(4));

process.on('SIGUSR2', () => void Atomics.wait(nobody, 0, 0, STALL_MS));
