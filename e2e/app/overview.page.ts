/** What a person does on the overview, and what they see there. */
import { expect, type Locator, type Page } from '@playwright/test';

export class OverviewPage {
  readonly page: Page;
  readonly headline: Locator;

  constructor(page: Page) {
    this.page = page;
    this.headline = page.getByRole('main', { name: 'Overview' }).getByRole('status');
  }

  /** @param link a new one-time link. */
  async open(link: string): Promise<void> {
    const url = new URL(link);
    url.hash = '#/overview';
    await this.page.goto(url.href);
    await expect(this.page.getByRole('heading', { name: 'Overview' })).toBeVisible();
  }

  part(name: 'Last hour' | 'New programs' | 'Failed starts' | 'Gaps' | 'Busiest' | 'Disk'): Locator {
    return this.page.getByRole('region', { name });
  }

  /** A line of a part, which leads to what is behind it. */
  line(part: Parameters<OverviewPage['part']>[0], text: string | RegExp): Locator {
    return this.part(part).getByRole('link').filter({ hasText: text });
  }

  /** Asks anew, until it shows what just happened. */
  async shows(line: Locator): Promise<void> {
    await expect(async () => {
      await this.page.getByRole('button', { name: 'Refresh' }).click();
      await expect(line.first()).toBeVisible({ timeout: 1000 });
    }).toPass();
  }

  /** The query of the feed that a line has led to. */
  async isAtQuery(query: string): Promise<void> {
    await expect
      .poll(() => new URLSearchParams(new URL(this.page.url()).hash.split('?')[1]).get('query'))
      .toBe(query);
  }
}
