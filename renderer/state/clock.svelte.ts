/** The wall clock, to the second, for what counts up or down on screen. */
class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), 1000);
  }
}

export const wall = new Clock();
