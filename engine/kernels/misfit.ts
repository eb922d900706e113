/**
 * What was found on disk is not what it should be. `message` is what comes after "… cannot be looked into: ", up to and
 * including the full stop, and what to do where something can be done.
 */
export class Misfit extends Error {}
