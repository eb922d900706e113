/** What a person does on the page of settings, and what they see there. */
import { expect, type Locator, type Page } from '@playwright/test';

export class SettingsPage {
  readonly page: Page;
  readonly sections: Locator;
  readonly search: Locator;

  constructor(page: Page) {
    this.page = page;
    this.sections = page.getByRole('navigation', { name: 'Sections of settings' });
    this.search = page.getByRole('searchbox', { name: 'Search settings' });
  }

  /** From any page of the console. */
  async open(
    section: 'Sensing' | 'Data' | 'Notifications' | 'Console' | 'Diagnostics' | 'About',
  ): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: 'Settings' })
      .click();
    await this.sections.getByRole('link', { name: section }).click();
    await expect(this.page.getByRole('heading', { name: section, exact: true, level: 2 })).toBeVisible();
  }

  /** The row of a setting. */
  setting(title: string): Locator {
    return this.page
      .getByRole('listitem')
      .filter({ has: this.page.getByRole('heading', { name: title, exact: true }) });
  }

  field(title: string): Locator {
    return this.setting(title).getByRole('textbox', { name: title });
  }

  async type(title: string, text: string): Promise<void> {
    await this.field(title).fill(text);
    await this.field(title).press('Enter');
  }

  /** Where its value comes from. */
  async comesFrom(title: string, source: string): Promise<void> {
    await expect(this.setting(title).getByText(source, { exact: true })).toBeVisible();
  }

  async undo(): Promise<void> {
    await this.page.getByRole('button', { name: /^Undo/ }).last().click();
  }

  /** What is wrong with the database. */
  trouble(what: 'damaged' | 'unopened'): Locator {
    const name = what === 'damaged' ? 'The event database is damaged' : 'The event database cannot be opened';
    return this.page.getByRole('region', { name });
  }

  part(name: 'Backup' | 'Check' | 'Salvage' | 'Cuts' | 'Delete'): Locator {
    return this.page.getByRole('region', { name });
  }
}
