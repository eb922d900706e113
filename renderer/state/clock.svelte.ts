/** The wall clock, to the second, for what counts up or down on screen. */
class Clock {
  now = $state(Date.now());
  /** When today began. */
  midnight = $state(startOfDay());

  constructor() {
    setInterval(() => {
      this.now = Date.now();
      this.midnight = startOfDay();
    }, 1000);
  }
}

const startOfDay = () => new Date().setHours(0, 0, 0, 0);

export const wall = new Clock();
