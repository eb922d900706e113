/** What the packages are made from: the files that electron-builder is told of, and what they say of each other. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { ROOT } from './command.mjs';

const read = (path: string) => readFileSync(join(ROOT, path));

const { build } = v.parse(
  v.object({
    build: v.object({
      files: v.array(v.string()),
      linux: v.object({
        target: v.array(v.string()),
        executableName: v.string(),
        icon: v.string(),
        desktop: v.object({ entry: v.record(v.string(), v.string()) }),
      }),
      deb: v.object({ fpm: v.array(v.string()) }),
    }),
  }),
  JSON.parse(read('package.json').toString()),
);

/** Where a file goes, by its place in the tree; what is built is there only after that. */
const placed = new Map(
  build.deb.fpm.map((each) => {
    const [from = '', to = ''] = each.split('=', 2);
    return [from, to];
  }),
);
const policy = read('build/io.merlon.helper.policy').toString();

test('the icon is a picture of 256 pixels', () => {
  const png = read(build.linux.icon);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([256, 256]);
});

test('the window and the tray find their pictures in the package', () => {
  expect(read('main/index.ts').toString()).toContain("resolve(app.getAppPath(), 'build/icons')");
  expect(build.files).toContain('build/icons');
  for (const mark of ['on', 'off', 'gap'])
    for (const theme of ['light', 'dark'])
      for (const scale of ['', '@2x'])
        expect(existsSync(join(ROOT, `build/icons/tray-${mark}-${theme}${scale}.png`))).toBe(true);
});

test('both packages have an entry for the desktop in the categories of its menu', () => {
  expect(build.linux.target).toEqual(['AppImage', 'deb']);
  expect(build.linux.desktop.entry).toMatchObject({ Name: 'Merlon', StartupWMClass: 'merlon' });
  expect(build.linux.desktop.entry['Categories']).toMatch(/^(\w+;)+$/);
});

test('polkit finds its policy, which names the helper and the icon where the package puts them', () => {
  expect(placed.get('build/io.merlon.helper.policy')).toBe(
    '/usr/share/polkit-1/actions/io.merlon.helper.policy',
  );
  const helper = placed.get('out/helper/merlon-helper') ?? 'nowhere';
  expect(policy).toContain(`<annotate key="org.freedesktop.policykit.exec.path">${helper}</annotate>`);
  expect(policy).toContain(`<icon_name>${build.linux.executableName}</icon_name>`);
});
