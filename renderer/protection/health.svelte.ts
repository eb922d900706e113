import type { Console, Health } from '../../shared/console.ts';

/** What is measured of Merlon itself, while somebody looks. */
export class HealthState {
  /** undefined until the engine has said. */
  latest = $state.raw<Health | undefined>();

  async refresh(api: Console): Promise<void> {
    const reply = await api.request('health.get', {});
    // That the engine is away is said elsewhere; what was true stays.
    if (reply.ok) this.latest = reply.value;
  }
}
