// @ts-check
/**
 * Draws the icons of the desktop from renderer/mark.svg: `node build/icons.mjs`. The pictures are kept in build/icons,
 * because drawing them needs a Chromium and a build does not.
 *
 *     tray-MARK-THEME.png   22 px and twice that, one colour: on is the mark, off its outline, gap the mark with a diamond
 *     256x256.png           the window's own
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findOnPath, ROOT } from './command.mjs';

const FOLDER = join(ROOT, 'build/icons');
const TRAY = 22;
/** For a light and for a dark panel: theme.css's first text. */
const INK = { light: '#1b1e24', dark: '#e8eaec' };

const paths = [...readFileSync(join(ROOT, 'renderer/mark.svg'), 'utf8').matchAll(/<path[^>]*>/g)].map(
  ([path]) => path,
);
const mark = paths.join('');
const DIAMOND = 'M18.5 13l5 5-5 5-5-5z';

/** @type {Record<string, string>} */
const MARKS = {
  on: mark,
  off: `<g fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round">${mark}</g>`,
  gap: `<mask id="m"><path fill="#fff" d="M0 0h24v24H0z"/><path d="${DIAMOND}" stroke="#000" stroke-width="3"/></mask>
        <g mask="url(#m)">${mark}</g><path d="${DIAMOND}"/>`,
};

/** @param {string} drawing @param {string} ink */
const svg = (drawing, ink) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="currentColor" style="color:${ink};display:block;width:100vw;height:100vh">${drawing}</svg>`;
/** On a tile, so that it is seen on any desktop. */
const TILE = `<rect width="24" height="24" rx="5" fill="#0f1115"/><g transform="translate(3.6 3.4) scale(.7)">${mark}</g>`;

const executablePath = findOnPath('chromium') ?? findOnPath('google-chrome');
const browser = await chromium.launch({
  ...(executablePath === undefined ? {} : { executablePath }),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

/** @param {string} name @param {string} picture @param {number} size @param {number} scale */
async function draw(name, picture, size, scale = 1) {
  const page = await browser.newPage({
    viewport: { width: size, height: size },
    deviceScaleFactor: scale,
  });
  await page.setContent(`<body style="margin:0">${picture}`);
  await page.screenshot({
    path: join(FOLDER, `${name}${scale === 1 ? '' : `@${scale}x`}.png`),
    omitBackground: true,
  });
  await page.close();
}

mkdirSync(FOLDER, { recursive: true });
for (const [state, drawing] of Object.entries(MARKS)) {
  for (const [theme, ink] of Object.entries(INK)) {
    for (const scale of [1, 2]) await draw(`tray-${state}-${theme}`, svg(drawing, ink), TRAY, scale);
  }
}
await draw('256x256', svg(TILE, INK.dark), 256);
await browser.close();
