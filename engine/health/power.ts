/** Whether the machine runs on its battery. */
import { readdirSync, readFileSync } from 'node:fs';

/** A battery of the machine that discharges (the kernel's Documentation/ABI/testing/sysfs-class-power). */
export function onBattery(folder = '/sys/class/power_supply'): boolean {
  const word = (supply: string, file: string): string | undefined => {
    try {
      return readFileSync(`${folder}/${supply}/${file}`, 'utf8').trim();
    } catch {
      return undefined; // it has none, or has gone
    }
  };
  return suppliesIn(folder).some(
    (supply) =>
      word(supply, 'type') === 'Battery' &&
      word(supply, 'status') === 'Discharging' &&
      word(supply, 'scope') !== 'Device', // of a mouse
  );
}

function suppliesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a machine that knows of none
  }
}
