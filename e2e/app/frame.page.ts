/** What a person does with the frame around every screen. */
import { expect, type Locator, type Page } from '@playwright/test';

export class FramePage {
  readonly page: Page;
  readonly rail: Locator;
  readonly menu: Locator;
  readonly help: Locator;
  readonly notes: Locator;
  readonly status: Locator;

  constructor(page: Page) {
    this.page = page;
    this.rail = page.getByRole('navigation', { name: 'Screens' });
    this.menu = page.getByRole('dialog', { name: 'Commands' });
    this.help = page.getByRole('dialog', { name: 'Keys' });
    this.notes = page.getByRole('region', { name: 'Notifications' });
    this.status = page.getByRole('contentinfo', { name: 'Sensor status' });
  }

  /** The part of the address that says which screen is shown, and with what. */
  get place(): string {
    return new URL(this.page.url()).hash;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async openMenu(): Promise<void> {
    await this.press('Control+k');
    await expect(this.menu).toBeVisible();
  }

  /** Finds a command by its letters and runs it. */
  async run(letters: string): Promise<void> {
    await this.openMenu();
    await this.page.keyboard.type(letters);
    await this.press('Enter');
    await expect(this.menu).toBeHidden();
  }

  get lines(): Locator {
    return this.menu.getByRole('option');
  }

  get chosenLine(): Locator {
    return this.menu.getByRole('option', { selected: true });
  }

  /** Which region of the page has the focus. */
  async focusedRegion(): Promise<string | null> {
    return this.page.evaluate(
      () =>
        document.activeElement?.closest('nav, aside, main, footer, section')?.getAttribute('aria-label') ??
        null,
    );
  }

  /** Nothing is wider than the window, and the frame's own parts are in it. */
  async fitsTheWindow(): Promise<void> {
    const wider = await this.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(wider).toBe(0);
    for (const part of [this.rail, this.status, this.page.getByRole('main')])
      await expect(part).toBeInViewport();
  }
}
