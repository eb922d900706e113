/** What this machine's browser needs for a list of plain texts and nothing else: the least that any feed can take. */
import type { Page } from '@playwright/test';

const STYLE = `
  body { margin: 0; font: 12px sans-serif }
  main { height: 840px; overflow: hidden; contain: strict; position: relative }
  div { height: 28px; contain: strict }
  span { position: absolute; top: 5px; height: 18px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }`;

/** Fills the page with 30 rows of seven texts, of which so many rows change in every frame. */
export async function bareList(page: Page, changing: number): Promise<void> {
  await page.setContent(`<style>${STYLE}</style><main></main>`);
  await page.evaluate((many) => {
    const places = [10, 100, 200, 300, 500, 900, 1000];
    const widths = [80, 90, 90, 190, 390, 90, 200];
    const rows = Array.from({ length: 30 }, () => {
      const row = document.createElement('div');
      const texts = places.map((left, at) => {
        const cell = document.createElement('span');
        cell.style.left = `${left}px`;
        cell.style.width = `${widths[at]}px`;
        cell.textContent = '-';
        row.append(cell);
        return cell.firstChild as Text;
      });
      document.querySelector('main')?.append(row);
      return texts;
    });
    let frame = 0;
    let next = 0;
    const change = () => {
      frame++;
      for (let row = 0; row < many; row++) {
        for (const text of rows[next]!) text.data = `text ${frame} of a cell in row ${next}`;
        next = (next + 1) % rows.length;
      }
      requestAnimationFrame(change);
    };
    change();
  }, changing);
}
