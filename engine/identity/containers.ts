import { readFileSync, statSync } from 'node:fs';
import * as v from 'valibot';

export interface Container {
  /** 64 hex digits for OCI runtimes; the container's name for lxc and systemd-nspawn, which have no other. */
  readonly id: string;
  readonly runtime: 'docker' | 'podman' | 'containerd' | 'cri-o' | 'lxc' | 'systemd-nspawn' | undefined;
}

const HEX = '[0-9a-f]{64}';
/** Path components as the runtimes make them, with the systemd and the cgroupfs driver. The innermost one counts. */
const COMPONENTS: readonly (readonly [RegExp, Container['runtime']])[] = [
  [new RegExp(`^docker-(${HEX})\\.scope$`), 'docker'],
  [new RegExp(`^libpod-(${HEX})(?:\\.scope)?$`), 'podman'],
  [new RegExp(`^cri-containerd-(${HEX})\\.scope$`), 'containerd'],
  [new RegExp(`^nerdctl-(${HEX})\\.scope$`), 'containerd'],
  [new RegExp(`^crio-(${HEX})(?:\\.scope)?$`), 'cri-o'],
  [/^lxc\.payload\.(.+)$/, 'lxc'],
  [/^machine-(.+)\.scope$/, 'systemd-nspawn'],
  [/^systemd-nspawn@(.+)\.service$/, 'systemd-nspawn'],
];

/**
 * The container that a cgroup belongs to, read from its path.
 * @returns undefined outside of containers.
 */
export function containerOf(path: string): Container | undefined {
  const components = path.split('/');
  for (let i = components.length - 1; i > 0; i--) {
    const name = components[i]!;
    const container = fromComponent(name, components[i - 1]!, path);
    if (container !== undefined) return container;
  }
  return undefined;
}

function fromComponent(name: string, above: string, path: string): Container | undefined {
  for (const [pattern, runtime] of COMPONENTS) {
    const match = pattern.exec(name);
    if (match !== null) return { id: unescapeUnit(match[1]!), runtime };
  }
  if (above === 'lxc') return { id: name, runtime: 'lxc' };
  // systemd's cgroup driver of containerd: "<slice>:cri-containerd:<id>".
  const colons = new RegExp(`:(cri-containerd|crio|docker|nerdctl|libpod):(${HEX})$`).exec(name);
  if (colons !== null) return { id: colons[2]!, runtime: BY_PREFIX[colons[1]!] };
  if (!new RegExp(`^${HEX}$`).test(name)) return undefined;
  // cgroupfs drivers: /docker/<id>, /kubepods/…/pod…/<id>, /libpod_parent/libpod-…/<id>, /default/<id> (ctr).
  if (above === 'docker') return { id: name, runtime: 'docker' };
  if (path.includes('libpod')) return { id: name, runtime: 'podman' };
  return { id: name, runtime: undefined };
}

const BY_PREFIX: Readonly<Record<string, Container['runtime']>> = {
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
  docker: 'docker',
  libpod: 'podman',
};

/** systemd's escapes in unit names: `\x2d` is a byte, `-` between words stays. */
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

const podmanContainers = v.array(v.object({ id: v.string(), names: v.optional(v.array(v.string())) }));
const CHECK_EVERY_MS = 2000;

/**
 * Container names that can be read without privileges: podman's own list in the user's (or, for root, the system's)
 * storage. Docker and containerd keep theirs behind root-only sockets: their containers have an id and no name.
 */
export class ContainerNames {
  readonly #files: readonly string[];
  readonly #now: () => number;
  readonly #versions = new Map<string, string>();
  readonly #names = new Map<string, string>();
  #checkedAt = -Infinity;

  constructor(home: string, now: () => number = Date.now) {
    const list = 'containers/storage/overlay-containers/containers.json';
    this.#files = [`${home}/.local/share/${list}`, `/var/lib/${list}`];
    this.#now = now;
  }

  name(id: string): string | undefined {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const now = this.#now();
    if (now - this.#checkedAt < CHECK_EVERY_MS && now >= this.#checkedAt) return undefined;
    this.#checkedAt = now;
    for (const file of this.#files) this.#read(file);
    return this.#names.get(id);
  }

  #read(file: string): void {
    try {
      const stat = statSync(file);
      const version = `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
      if (this.#versions.get(file) === version) return;
      this.#versions.set(file, version);
      for (const { id, names } of v.parse(podmanContainers, JSON.parse(readFileSync(file, 'utf8')))) {
        if (names?.[0] !== undefined) this.#names.set(id, names[0]);
      }
    } catch {
      // No podman, not readable, or being rewritten: the container stays without a name until the next look.
    }
  }
}
