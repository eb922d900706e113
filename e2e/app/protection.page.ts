/** What a person does on the page of protections, and what they see there. */
import { expect, type Locator, type Page } from '@playwright/test';

type Part =
  | 'Sees'
  | 'Stops'
  | 'Holds'
  | 'Since the last time'
  | 'Since the last boot'
  | 'Before you reboot'
  | 'Network interfaces'
  | 'This kernel’s locks'
  | 'Everything that was tried';

export class ProtectionPage {
  readonly page: Page;
  readonly main: Locator;
  /** The one sentence on top. */
  readonly sentence: Locator;
  /** What it rests on. */
  readonly ground: Locator;
  readonly probeButton: Locator;
  readonly sheet: Locator;
  readonly search: Locator;

  constructor(page: Page) {
    this.page = page;
    this.main = page.getByRole('main', { name: 'Protection' });
    this.sentence = this.main.getByRole('heading', { level: 1 });
    this.ground = this.main.getByRole('status').filter({ hasText: /^\s*(Linux|Everything is being tried)/ });
    this.probeButton = this.main.getByRole('button', { name: /^Prob(e again|e now|ing)/ });
    this.sheet = page.getByRole('dialog');
    this.search = this.main.getByRole('searchbox', { name: 'Search what was tried' });
  }

  /** @param link a new one-time link. */
  async open(link: string): Promise<void> {
    const url = new URL(link);
    url.hash = '#/protection';
    await this.page.goto(url.href);
    await expect(this.main).toBeVisible();
  }

  /** Once root has tried the kernel. */
  async isTried(): Promise<void> {
    await expect(this.ground).toContainText(/tried \d\d:\d\d:\d\d in/);
  }

  row(title: string): Locator {
    return this.main.getByRole('listitem').filter({ has: this.title(title) });
  }

  /** What unfolds a row. */
  title(title: string): Locator {
    return this.page.getByRole('button', { name: title, exact: true });
  }

  /** What is behind it, once it is unfolded. */
  behind(title: string): Locator {
    return this.row(title).getByRole('group', { name: 'What is behind it' });
  }

  repairButton(title: string): Locator {
    return this.row(title).getByRole('button', { name: /^Repair…/ });
  }

  part(name: Part): Locator {
    return this.main.getByRole('region', { name });
  }

  interface(name: string): Locator {
    return this.part('Network interfaces').getByRole('row').filter({ hasText: name });
  }

  banner(text: string | RegExp): Locator {
    return this.main.getByRole('status').filter({ hasText: text });
  }

  /** Chooses what the menu of exports offers. */
  async export(what: 'Save as JSON' | 'Copy as JSON'): Promise<void> {
    await this.main.getByRole('button', { name: 'Export' }).click();
    await this.page.getByRole('menuitem', { name: what }).click();
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
