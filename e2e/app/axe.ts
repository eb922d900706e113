/** What axe-core finds on the page as it is now: nothing serious, nothing critical. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const THEMES = ['light', 'dark'] as const;

/** Checks the state that is on screen, in both themes; the page stands as before afterwards. */
export async function expectAccessible(page: Page): Promise<void> {
  const before = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    expect(await seriousFindings(page), `axe, ${theme} theme`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: before ? 'dark' : 'light' });
}

/** A line for each finding that is serious or critical: rule, where, and what is wrong. */
async function seriousFindings(page: Page): Promise<string[]> {
  // Playwright runs axe over the developer protocol, which the page's Content-Security-Policy does not bind; frames
  // there are none.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id} at ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    );
}
