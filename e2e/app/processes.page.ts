/** What a person does on the list of processes and on the page of one: verbs and roles. */
import { expect, type Locator, type Page } from '@playwright/test';

export class ProcessesPage {
  readonly page: Page;
  readonly grid: Locator;
  readonly search: Locator;
  readonly panel: Locator;

  constructor(page: Page) {
    this.page = page;
    this.grid = page.getByRole('treegrid', { name: 'Processes' });
    this.search = page.getByRole('searchbox', { name: 'Search processes' });
    this.panel = page.getByRole('complementary', { name: 'Selected process' });
  }

  async open(): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: 'Processes' })
      .click();
    await expect(this.search).toBeVisible();
  }

  row(text: string | RegExp): Locator {
    return this.grid.getByRole('row').filter({ hasText: text });
  }

  /** Names and pids in the order of the rows. */
  async names(): Promise<readonly string[]> {
    const rows = await this.grid.getByRole('row').all();
    const texts = await Promise.all(
      rows.slice(1).map((row) => row.getByRole('gridcell').first().innerText()),
    );
    return texts.map((text) => text.replace(/\s+/g, ' ').trim());
  }

  async sortBy(column: string): Promise<void> {
    await this.grid.getByRole('columnheader', { name: column }).getByRole('button').click();
  }

  async select(text: string | RegExp): Promise<void> {
    await this.row(text).first().click();
    await expect(this.panel).toBeVisible();
  }

  get selectedRow(): Locator {
    return this.grid.getByRole('row', { selected: true });
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** The pointer leaves the rows, under which nothing moves. */
  async pointElsewhere(): Promise<void> {
    await this.page.getByRole('contentinfo', { name: 'Sensor status' }).hover();
  }
}
