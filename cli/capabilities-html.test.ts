import { describe, expect, it } from 'vitest';
import { FEATURE_IDS, PROTECTION_IDS } from '../shared/capabilities.ts';
import {
  capabilityReport,
  hostileReport,
  KERNELS,
  PROTECTIONS,
  unprivilegedReport,
} from './capabilities.builder.ts';
import { page } from './capabilities-html.ts';
import { ACTING } from './terminal.ts';

const VOID = new Set(['meta', 'br', 'path', '!doctype']);

function unclosed(whole: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = ''] of whole.matchAll(/<(\/?)([a-z!][a-z0-9]*)[^>]*>/gi)) {
    if (VOID.has(name.toLowerCase())) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}> closes nothing`];
  }
  return open;
}

describe('the page', () => {
  const whole = page(capabilityReport());

  it('fetches nothing and runs nothing', () => {
    expect(whole).not.toMatch(
      /<(?:script|link|img|iframe|object|form)|https?:|url\(|@import|\ssrc=|\son\w+=/i,
    );
    expect(whole).toContain(
      'Content-Security-Policy" content="default-src &#39;none&#39;'.replaceAll('&#39;', "'"),
    );
  });

  it('has a language, one first heading, and tables with heads for columns and rows', () => {
    expect(whole).toContain('<html lang="en">');
    expect(whole.match(/<h1>/g)).toHaveLength(1);
    expect(whole.match(/<table>/g)?.length).toBe(whole.match(/<caption>/g)?.length);
    expect(whole).toContain('<th scope="col">Feature</th>');
    expect(whole).toContain('<th scope="row"><bdi class="m">prog.lsm</bdi></th>');
  });

  it('has everything: each feature, each way with what it needs, each repair, kernel and interface', () => {
    for (const id of FEATURE_IDS) expect(whole).toContain(`>${id}<`);
    for (const id of PROTECTION_IDS)
      for (const { name, limits } of PROTECTIONS[id].rungs) {
        expect(whole).toContain(name);
        if (limits !== undefined) expect(whole).toContain(limits);
      }
    for (const { version } of KERNELS) expect(whole).toContain(version);
    expect(whole).toContain('>sudo update-grub<');
    expect(whole).toContain('iwlwifi');
  });

  it('of nothing tried says why, and has no repairs', () => {
    const untried = page(unprivilegedReport('Install pkexec.'));
    expect(untried).toContain('<p class="note">Install pkexec.</p>');
    expect(untried).not.toContain('<h2>Repairs');
    expect(unclosed(untried)).toEqual([]);
  });

  it('hostile text is text on it, its controls are codes, and every element is closed', () => {
    const whole = page(hostileReport());
    expect(whole.replaceAll('\n', '').match(ACTING)).toBeNull();
    expect(whole).not.toContain('<script');
    expect(whole).toContain('<span class="esc">U+202E</span>evil<span class="esc">U+001B</span>');
    expect(unclosed(whole)).toEqual([]);
  });
});
