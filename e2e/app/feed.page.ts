/** What a person does on the feed, and what they see there: verbs and roles, no selectors of style. */
import { expect, type Locator, type Page } from '@playwright/test';

export class FeedPage {
  readonly page: Page;
  readonly query: Locator;
  readonly grid: Locator;
  readonly status: Locator;
  readonly inspector: Locator;
  readonly problem: Locator;

  constructor(page: Page) {
    this.page = page;
    this.query = page.getByRole('textbox', { name: 'Query' });
    this.grid = page.getByRole('grid', { name: 'Events' });
    this.status = page.getByRole('contentinfo', { name: 'Sensor status' });
    this.inspector = page.getByRole('complementary', { name: 'Selected event' });
    this.problem = page.getByRole('alert');
  }

  async open(link: string): Promise<void> {
    await this.page.goto(link);
    await expect(this.query).toBeVisible();
  }

  /** Rows that hold the text, newest first. */
  rows(text: string | RegExp): Locator {
    return this.grid.getByRole('row').filter({ hasText: text });
  }

  get selectedRow(): Locator {
    return this.grid.getByRole('row', { selected: true });
  }

  async search(text: string): Promise<void> {
    await this.query.fill(text);
    await this.query.press('Enter');
  }

  /** Searches, and waits until the rows of the last query have gone. */
  async searchAnswered(text: string): Promise<void> {
    await this.search(text);
    await expect(this.page.locator('[role=grid][aria-busy=true]')).toHaveCount(0);
  }

  async select(text: string | RegExp): Promise<void> {
    await this.rows(text).first().click();
    await expect(this.inspector).toBeVisible();
  }

  /** The strip's word for what the list does. */
  async isLive(): Promise<void> {
    await expect(this.page.getByText('Live', { exact: true })).toBeVisible();
  }

  async isPausedBy(reason: string): Promise<void> {
    await expect(this.page.getByText(`Paused by ${reason}`)).toBeVisible();
  }

  newer(count?: number): Locator {
    return this.page.getByRole('button', { name: count === undefined ? /newer$/ : `${count} newer` });
  }

  /** One key, with no text focused. */
  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  async scroll(by: number): Promise<void> {
    await this.grid.hover();
    await this.page.mouse.wheel(0, by);
  }

  /** The pointer leaves the rows, under which nothing moves. */
  async pointElsewhere(): Promise<void> {
    await this.status.hover();
  }

  banner(text: string | RegExp): Locator {
    return this.page.getByRole('status').filter({ hasText: text });
  }

  /** The inspector's value of a field. */
  field(name: string): Locator {
    return this.inspector
      .getByRole('definition')
      .filter({ has: this.page.getByLabel(`Copy ${name}`, { exact: true }) });
  }

  async show(view: 'Fields' | 'Tree' | 'JSON'): Promise<void> {
    await this.inspector.getByRole('button', { name: view, exact: true }).click();
  }
}
