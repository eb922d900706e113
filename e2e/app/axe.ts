/** What axe-core finds on the page as it is now: nothing serious, nothing critical. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/** On a busy machine one look takes as long as a test. */
const PATIENCE_MS = 30_000;
const THEMES = ['light', 'dark'] as const;
/** These have the focus themselves, and scroll what lies inside by the arrow keys. */
const COMPOSITES = ':is([role=grid], [role=treegrid], [role=tree], [role=listbox])';

/** Checks the state that is on screen, in both themes; the page stands as before afterwards. */
export async function expectAccessible(page: Page): Promise<void> {
  test.setTimeout(test.info().timeout + PATIENCE_MS);
  const dark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    expect(await seriousFindings(page), `axe, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
}

/** A line for each finding that is serious or critical: rule, where, and what is wrong. */
async function seriousFindings(page: Page): Promise<string[]> {
  // Legacy mode: there are no frames, and the page's Content-Security-Policy allows no blank page to work in.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const findings = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => ({ id, at: node.target.join(' '), why: node.failureSummary ?? '' })),
    );
  const scrolled = await insideComposites(
    page,
    findings.map(({ at }) => at),
  );
  return findings
    .filter(({ id }, index) => id !== 'scrollable-region-focusable' || scrolled[index] !== true)
    .map(({ id, at, why }) => `${id} at ${at}: ${why}`);
}

function insideComposites(page: Page, selectors: readonly string[]): Promise<boolean[]> {
  return page.evaluate(
    ([each, composites]) => each.map((at) => Boolean(document.querySelector(at)?.closest(composites))),
    [selectors, COMPOSITES] as const,
  );
}
