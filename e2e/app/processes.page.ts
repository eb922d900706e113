/** What a person does on the list of processes and on the page of one: verbs and roles. */
import { expect, type Locator, type Page } from '@playwright/test';

export class ProcessesPage {
  readonly page: Page;
  readonly grid: Locator;
  readonly search: Locator;
  readonly panel: Locator;
  /** On the page of one process. */
  readonly tree: Locator;
  readonly events: Locator;
  readonly details: Locator;

  constructor(page: Page) {
    this.page = page;
    this.grid = page.getByRole('treegrid', { name: 'Processes' });
    this.search = page.getByRole('searchbox', { name: 'Search processes' });
    this.panel = page.getByRole('complementary', { name: 'Selected process' });
    this.tree = page.getByRole('tree', { name: 'Ancestry and descendants' });
    this.events = page.getByRole('table', { name: 'Events' });
    this.details = page.getByRole('complementary', { name: 'Details' });
  }

  async open(): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: 'Processes' })
      .click();
    await expect(this.search).toBeVisible();
  }

  /** The page of one process, through the list. */
  async openPageOf(text: string | RegExp): Promise<void> {
    await this.open();
    await this.select(text);
    await this.panel.getByRole('link', { name: 'Open its page' }).click();
    await expect(this.tree).toBeVisible();
  }

  row(text: string | RegExp): Locator {
    return this.grid.getByRole('row').filter({ hasText: text });
  }

  /** Names of processes, from the top. */
  async names(): Promise<readonly string[]> {
    const cells = this.grid.getByRole('row').locator('[role=gridcell]:first-child');
    const texts = await cells.allInnerTexts();
    return texts.map((text) => text.replace(/\s+/g, ' ').trim().split(' ')[0] ?? '');
  }

  /** Waits until the rows are these. */
  async shows(...names: readonly string[]): Promise<void> {
    await expect(async () => expect(await this.names()).toEqual(names)).toPass();
  }

  async sortBy(column: string): Promise<void> {
    await this.grid.getByRole('columnheader', { name: column }).getByRole('button').click();
  }

  async show(mode: 'Tree' | 'List'): Promise<void> {
    await this.page.getByRole('button', { name: mode, exact: true }).click();
  }

  async select(text: string | RegExp): Promise<void> {
    await this.row(text).first().click();
    await expect(this.panel).toBeVisible();
  }

  get selectedRow(): Locator {
    return this.grid.getByRole('row', { selected: true });
  }

  life(text: string | RegExp): Locator {
    return this.tree.getByRole('treeitem').filter({ hasText: text });
  }

  event(text: string | RegExp): Locator {
    return this.events.getByRole('row').filter({ hasText: text });
  }

  heading(text: string | RegExp): Locator {
    return this.page.getByRole('heading', { name: text, level: 1 });
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** The pointer leaves the rows, under which nothing moves. */
  async pointElsewhere(): Promise<void> {
    await this.page.getByRole('contentinfo', { name: 'Sensor status' }).hover();
  }
}
