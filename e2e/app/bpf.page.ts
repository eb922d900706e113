/** What a person does on the page of all BPF, and what they see there. */
import { expect, type Locator, type Page } from '@playwright/test';

export class BpfPage {
  readonly page: Page;
  readonly main: Locator;
  /** The one sentence on top. */
  readonly sentence: Locator;
  readonly filter: Locator;
  readonly programs: Locator;
  readonly maps: Locator;
  /** What is selected, whole. */
  readonly panel: Locator;
  readonly sheet: Locator;
  readonly refreshButton: Locator;
  readonly tabs: Locator;

  constructor(page: Page) {
    this.page = page;
    this.main = page.getByRole('main', { name: 'BPF' });
    this.sentence = this.main.getByRole('heading', { level: 1 });
    this.filter = this.main.getByRole('searchbox', { name: 'Filter BPF' });
    this.programs = this.main.getByRole('grid', { name: 'BPF programs' });
    this.maps = this.main.getByRole('grid', { name: 'BPF maps' });
    this.panel = this.main.getByRole('complementary', { name: /^Selected (program|map)$/ });
    this.sheet = page.getByRole('dialog', { name: 'Take this as known' });
    this.refreshButton = this.main.getByRole('button', { name: /^Refresh/ });
    this.tabs = this.main.getByRole('navigation', { name: 'Pages of Protection' });
  }

  /** @param link a new one-time link. */
  async open(link: string, hash = '#/bpf'): Promise<void> {
    const url = new URL(link);
    url.hash = hash;
    await this.page.goto(url.href);
    await expect(this.main).toBeVisible();
  }

  /** Once the helper has said what there is. */
  async isKnown(): Promise<void> {
    await expect(this.sentence).toContainText(/^\d+ programs?: /);
  }

  row(name: string): Locator {
    return this.main.getByRole('row').filter({ hasText: name });
  }

  get names(): Locator {
    return this.main.getByRole('row').locator('.c-name b');
  }

  async show(view: 'Programs' | 'Maps' | 'Changes'): Promise<void> {
    await this.main
      .getByRole('group', { name: 'Shown' })
      .getByRole('button', { name: new RegExp(`^${view}`) })
      .click();
  }

  async narrow(to: 'All' | 'New' | 'Foreign' | 'Merlon'): Promise<void> {
    await this.main.getByRole('group', { name: 'Whose' }).getByRole('button', { name: to }).click();
  }

  /** One of the two lists of what has changed. */
  changes(what: 'New' | 'Gone'): Locator {
    return this.main.getByRole('region', { name: new RegExp(`^${what}`) });
  }

  banner(text: string | RegExp): Locator {
    return this.main.getByRole('status').filter({ hasText: text });
  }

  /** Nothing is wider than the window. */
  async fitsTheWindow(): Promise<void> {
    const wider = await this.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(wider).toBe(0);
  }
}
