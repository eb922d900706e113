/**
 * Whose a program is. Pure. Names count for nothing, as whoever loads a program chooses them, and comm likewise: what counts
 * is who was seen to load it or, where nobody saw that, who holds it, by executable and as root; then where it is pinned.
 *
 * This sorts a list; it allows nothing. Root can replace an executable, or hand a descriptor to pid 1, which keeps it
 * (sd_notify's FDSTORE): so systemd and container runtimes are believed only what their programs are (types as below,
 * none with a power over others, nor one whose powers nobody knows), and a loader that was seen counts more than whoever
 * holds it now. What of an executable's path is believed at all, files.ts says.
 */
import type { BpfOwner, BpfPower } from '../../shared/bpf.ts';
import { containerOf } from '../identity/containers.ts';
import type { Actor } from './actors.ts';

export interface OwnerFacts {
  readonly type: string;
  readonly name: string;
  /** Who loaded it. */
  readonly uid: number;
  readonly powers: readonly BpfPower[] | null;
  /** null where nobody saw it. */
  readonly loader: Actor | null;
  readonly holders: readonly Actor[];
  readonly pins: readonly string[];
  /** Paths of cgroups that it is attached to. */
  readonly cgroups: readonly string[];
  /** Type, name and tag are those of a program that Merlon's helper holds: the same instructions. */
  readonly isTwin: boolean;
  /** It calls itself as one of Merlon's does. */
  readonly isNamesake: boolean;
}

export interface Owned {
  readonly owner: BpfOwner;
  /** One plain sentence. */
  readonly why: string;
}

/** systemd's src/core/bpf (cgroup_*, lsm restrict_fs), networkd's sysctl monitor, nsresourced's userns_restrict (lsm, kprobe). */
const SYSTEMD_TYPES: ReadonlySet<string> = new Set([
  ...['cgroup_device', 'cgroup_skb', 'cgroup_sock', 'cgroup_sock_addr', 'cgroup_sysctl', 'lsm'],
]);
const SYSTEMD = /^\/(usr\/)?lib\/systemd\/systemd(-[a-z]+)*$/;
const NSRESOURCED = /^\/(usr\/)?lib\/systemd\/systemd-nsresource(d|work)$/;

/** Runtimes filter devices; Cilium is the network. */
const NETWORK_TYPES: ReadonlySet<string> = new Set([
  ...['sched_cls', 'sched_act', 'xdp', 'sock_ops', 'sk_skb', 'sk_msg', 'sk_lookup'],
]);
const SYSTEM_FOLDER =
  /^(\/(usr\/)?(local\/)?s?bin|\/usr\/(local\/)?libexec(\/[\w.-]+)*|\/usr\/lib\/cri-o-runc\/sbin|\/snap\/docker\/\w+\/bin|\/var\/lib\/rancher\/k3s\/data\/\w+\/bin)\/([^/]+)$/;
const RUNTIME =
  /^(runc|crun|youki|runsc|conmon|crio|podman|dockerd|docker-runc|containerd|containerd-shim(-runc-v[12])?|buildkitd|kubelet|k3s|lxc-start|lxd|incusd)$/;
const CILIUM = /^cilium(-agent|-cni|-health-responder)?$/;

/** They load whatever they are handed: that a package brought them says nothing of it. */
const GENERAL =
  /^(bpftool|bpftrace\S*|tc|ip|xdp-\S+|perf|perf_\S+|stap\S*|ply|(ba|da|z|k|fi|a|c|tc)?sh|busybox|toybox|python[\d.]*|pypy[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|bun|deno|lua\S*|php[\d.]*|java|gdb|ld-\S+|ld\.so\S*|sudo|env|strace|gcc|tcc|mount)$/;

export function ownerOf(facts: OwnerFacts): Owned {
  const mine = merlons(facts);
  if (mine !== undefined) return { owner: 'merlon', why: mine };
  if (facts.uid !== 0) return { owner: 'foreign', why: stranger(facts) };
  const judges = [
    ['systemd', systemds],
    ['container', containers],
    ['package', packages],
  ] as const;
  for (const [owner, judge] of judges) {
    const why = judge(facts);
    if (why !== undefined) return { owner, why };
  }
  return { owner: 'foreign', why: stranger(facts) };
}

/** Of something that only its holders tell of, such as a map that no program uses. */
export function ownerByHolders(holders: readonly Actor[]): BpfOwner {
  if (holders.some((each) => each.isMerlon || each.isProbe)) return 'merlon';
  const roots = holders.filter((each) => each.uid === 0);
  if (roots.some(isSystemd)) return 'systemd';
  if (roots.some((each) => isRuntime(each, RUNTIME) || isRuntime(each, CILIUM))) return 'container';
  return roots.some(isPackaged) ? 'package' : 'foreign';
}

function merlons({ loader, holders, isTwin, pins }: OwnerFacts): string | undefined {
  if (holders.some((each) => each.isMerlon)) return 'Merlon’s helper holds it.';
  if (loader?.isMerlon === true) return 'Merlon’s helper loaded it.';
  // The probe pins nothing, and nothing that it loads outlives it.
  if (pins.length === 0 && (loader === null ? holders.some((each) => each.isProbe) : loader.isProbe))
    return 'Merlon’s probe tries it out, to find out what this kernel takes.';
  return isTwin ? 'Its instructions are those of a program that Merlon’s helper holds.' : undefined;
}

/** Who loaded it, also where it is not known what that ran; else who holds it. Root's alone. */
function witnesses({ loader, holders }: OwnerFacts): readonly (readonly [Actor, verb: string])[] {
  const all =
    loader === null ? holders.map((each) => [each, 'holds'] as const) : [[loader, 'loaded'] as const];
  return all.filter(([{ uid, process }]) => uid === 0 || (uid === null && process.pid === 1));
}

/** Where its instructions are not shown, it may have all of them. */
const hasPowers = ({ powers }: OwnerFacts) => powers === null || powers.length > 0;

function systemds(facts: OwnerFacts): string | undefined {
  if (hasPowers(facts)) return undefined;
  const found = witnesses(facts).find(
    ([actor]) =>
      isSystemd(actor) &&
      (SYSTEMD_TYPES.has(facts.type) ||
        (facts.type === 'kprobe' && NSRESOURCED.test(actor.process.executable ?? ''))),
  );
  if (found === undefined) return undefined;
  const [{ process }, verb] = found;
  return process.pid === 1
    ? `Pid 1, which is systemd, ${verb} it.`
    : `${process.executable ?? 'systemd'} ${verb} it.`;
}

/** Pid 1 also where its executable could not be read; any other only by its executable. */
function isSystemd({ process, isInstalled }: Actor): boolean {
  if (process.executable === null) return process.pid === 1 && process.name === 'systemd';
  return SYSTEMD.test(process.executable) && (isInstalled || process.pid === 1);
}

function containers(facts: OwnerFacts): string | undefined {
  if (hasPowers(facts)) return undefined;
  const isOfCgroups = facts.type.startsWith('cgroup_');
  const found = witnesses(facts).find(
    ([actor]) =>
      (isOfCgroups && isRuntime(actor, RUNTIME)) ||
      ((isOfCgroups || NETWORK_TYPES.has(facts.type)) && isRuntime(actor, CILIUM)),
  );
  if (found !== undefined) return `${found[0].process.executable ?? ''} ${found[1]} it.`;
  if (facts.type !== 'cgroup_device' || facts.loader !== null) return undefined;
  const container = facts.cgroups.map(containerOf).find((each) => each !== undefined);
  return container === undefined
    ? undefined
    : `It filters the devices of the container ${container.id.slice(0, 12)}.`;
}

/** Cilium’s agent runs in a container itself, and so do runtimes within one. */
function isRuntime({ process, file, isInstalled }: Actor, names: RegExp): boolean {
  const name = SYSTEM_FOLDER.exec(process.executable ?? '')?.at(-1);
  return name !== undefined && names.test(name) && (isInstalled || file === 'contained');
}

function packages(facts: OwnerFacts): string | undefined {
  if (hasPowers(facts)) return undefined;
  const found = witnesses(facts).find(([actor]) => isPackaged(actor));
  if (found === undefined) return undefined;
  const [actor, verb] = found;
  return `${actor.process.executable ?? ''} ${verb} it, which is of the package ${actor.package ?? ''}.`;
}

const isPackaged = ({ isInstalled, package: name, process }: Actor) =>
  isInstalled && name !== null && !isGeneral(process.executable);
const isGeneral = (executable: string | null) => GENERAL.test((executable ?? '').split('/').at(-1) ?? '');

/** What it pretends to be first; else what is known of who brought it. */
function stranger({ name, uid, powers, isNamesake, loader, holders, pins, cgroups }: OwnerFacts): string {
  if (isNamesake)
    return `It calls itself ${name} as one of Merlon’s programs does, but Merlon’s helper neither holds it nor loaded it.`;
  if (name.startsWith('sd_'))
    return `It calls itself ${name} as systemd’s programs do, but nothing shows that it is systemd’s.`;
  const actor = loader ?? holders[0];
  if (actor !== undefined) {
    const { executable, name: called, pid } = actor.process;
    const verb = loader === null ? 'holds' : 'loaded';
    if (executable === null)
      return `A process that calls itself ${called} (pid ${pid}) ${verb} it, and what that runs is not known.`;
    if (isGeneral(executable)) return `${executable} ${verb} it, which takes whatever it is handed.`;
    if (actor.uid !== 0) return `${executable} ${verb} it, and not as root.`;
    if (actor.file === 'strange')
      return `${executable} ${verb} it, and may have run other code: it was started with LD_PRELOAD or the like, or deleted.`;
    if (actor.isInstalled && actor.package !== null && (powers === null || powers.length > 0))
      return `${executable} ${verb} it, which is of the package ${actor.package}, but it ${powers === null ? 'may be able to do' : 'can do'} more to others than a package is believed.`;
    if (actor.file === 'missing' || actor.file === 'contained')
      return `${executable} ${verb} it, and nothing shows that this is the host’s own file of that path.`;
    return `${executable} ${verb} it, which is nobody’s that Merlon knows.`;
  }
  if (pins[0] !== undefined) return `No process holds it; it stays because it is pinned at ${pins[0]}.`;
  if (uid !== 0) return 'No process holds it, and it was not root who loaded it.';
  return cgroups.length > 0
    ? 'No process holds it; it stays because it is attached to a cgroup.'
    : 'No process that Merlon can see holds it, and nobody saw who loaded it.';
}
