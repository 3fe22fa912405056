/** An export that is not one, or not whole, or not harmless. The message is for people. */
export class ArchiveRefused extends Error {}
