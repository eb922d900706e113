/** What a person does on the page of Merlon's health, and what they see there. */
import { expect, type Locator, type Page } from '@playwright/test';

type Part = 'Perhaps blind' | 'Cost by program' | 'Cost by sensor';

export class HealthPage {
  readonly page: Page;
  readonly main: Locator;
  /** The one sentence on top. */
  readonly sentence: Locator;
  /** Moves the moment of all charts. */
  readonly moment: Locator;
  readonly table: Locator;

  constructor(page: Page) {
    this.page = page;
    this.main = page.getByRole('main', { name: 'Health' });
    this.sentence = this.main.getByRole('heading', { level: 1 });
    this.moment = this.main.getByRole('slider', { name: 'Moment in the charts' });
    this.table = this.main.getByRole('region', { name: 'Figures by the minute' });
  }

  /** @param link a new one-time link. */
  async open(link: string): Promise<void> {
    const url = new URL(link);
    url.hash = '#/health';
    await this.page.goto(url.href);
    await expect(this.main).toBeVisible();
  }

  /** Once the engine has said how it is. */
  async isKnown(): Promise<void> {
    await expect(this.sentence).toContainText(/alive|runs|should be/);
  }

  part(name: Part): Locator {
    return this.main.getByRole('region', { name });
  }

  chart(title: string): Locator {
    return this.main.getByRole('img', { name: new RegExp(`^${title}`) });
  }

  async show(view: 'Charts' | 'Table'): Promise<void> {
    await this.main.getByRole('group', { name: 'Shown as' }).getByRole('button', { name: view }).click();
  }

  /** Nothing is wider than the window. */
  async fitsTheWindow(): Promise<void> {
    const wider = await this.page.evaluate(() => {
      const root = document.documentElement;
      const inner = document.querySelector('main .content');
      return (
        root.scrollWidth - root.clientWidth + (inner === null ? 0 : inner.scrollWidth - inner.clientWidth)
      );
    });
    expect(wider).toBe(0);
  }
}
