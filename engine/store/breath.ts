/** What long work is given, so that it ends and makes way when it should. */
export interface Breath {
  /** To be called often: throws where the work shall end. */
  readonly pause: () => void;
  /** To be called where nothing is half done and no file is held open: what is more urgent is done here. */
  readonly turn: () => void;
  /** 0 to 1. */
  readonly progress: (done: number) => void;
}

/** For whoever has time. */
export const AT_EASE: Breath = { pause: () => {}, turn: () => {}, progress: () => {} };
