const UNIT = /^[A-Za-z0-9:_.\\@-]+\.(?:service|scope|mount|socket|swap|timer|slice)$/;

/**
 * The systemd unit that a cgroup path names: the innermost service or scope, or the slice where there is neither.
 * A user's own units (below user@1000.service) count as the innermost. Escapes of systemd-escape(1) are decoded.
 */
export function unitOf(path: string): string | undefined {
  let slice: string | undefined;
  const components = path.split('/');
  for (let i = components.length - 1; i > 0; i--) {
    const name = unescapeCgroup(components[i]!);
    if (!UNIT.test(name)) continue;
    if (!name.endsWith('.slice')) return decodeUnit(name);
    slice ??= name;
  }
  return slice === undefined ? undefined : decodeUnit(slice);
}

/** systemd puts `_` before names that collide with the kernel's own files (systemd's cg_escape). */
function unescapeCgroup(name: string): string {
  return name.startsWith('_') ? name.slice(1) : name;
}

function decodeUnit(name: string): string {
  if (!name.includes('\\x')) return name;
  const bytes = name.replace(/(?:\\x[0-9a-f]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
  return bytes;
}
