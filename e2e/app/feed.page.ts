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

  /** What stands in the query: a plain field's value, or the editor's text. */
  async hasQuery(text: string | RegExp): Promise<void> {
    const written = () =>
      this.query.evaluate((element) => {
        if (element instanceof HTMLInputElement) return element.value;
        return element.querySelector('.cm-placeholder') === null ? element.textContent : '';
      });
    if (typeof text === 'string') await expect.poll(written).toBe(text);
    else await expect.poll(written).toMatch(text);
  }

  /** The editor has taken the place of the plain field. */
  async editorIsLoaded(): Promise<void> {
    await expect(this.query).toHaveAttribute('contenteditable', 'true');
  }

  /** Rows that hold the text, newest first. */
  rows(text: string | RegExp): Locator {
    return this.grid.getByRole('row').filter({ hasText: text });
  }

  get selectedRow(): Locator {
    return this.grid.getByRole('row', { selected: true });
  }

  /** Writes as a person does: over what stands there. */
  async write(text: string): Promise<void> {
    await this.query.focus();
    await this.page.keyboard.press('ControlOrMeta+a');
    if (text === '') await this.page.keyboard.press('Backspace');
    else await this.page.keyboard.insertText(text);
  }

  async search(text: string): Promise<void> {
    await this.editorIsLoaded();
    await this.write(text);
    await this.page.keyboard.press('Enter');
  }

  /** What could be written next. */
  get completions(): Locator {
    return this.page.getByRole('listbox', { name: 'Completions' });
  }

  completion(text: string | RegExp): Locator {
    return this.completions.getByRole('option').filter({ hasText: text });
  }

  /** Events over time, named by the sentence that says what it shows. */
  get histogram(): Locator {
    return this.page.getByRole('figure', { name: /^Events over time/ });
  }

  grip(end: 'Begin' | 'End'): Locator {
    return this.page.getByRole('slider', { name: `${end} of the chosen time` });
  }

  /** Drags over the histogram, from one share of its width to another. */
  async brush(from: number, until: number): Promise<void> {
    const box = await this.histogram.boundingBox();
    if (box === null) throw new Error('there is no histogram');
    const x = (share: number) => box.x + 16 + (box.width - 60) * share;
    const y = box.y + 40;
    await this.page.mouse.move(x(from), y);
    await this.page.mouse.down();
    await this.page.mouse.move(x((from + until) / 2), y);
    await this.page.mouse.move(x(until), y);
    await this.page.mouse.up();
  }

  async chooseRange(name: string): Promise<void> {
    await this.page.getByRole('button', { name: /^Range: / }).click();
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** The heads of the columns, from left to right. */
  get columns(): Locator {
    return this.grid.getByRole('columnheader');
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
