import type { BpfOutput } from '../../shared/bpf.ts';
import { expectAccessible } from './axe.ts';
import { BPF, giveBpf, HOSTILE_BPF, LATER, MANY } from './bpf.fixture.ts';
import { BpfPage } from './bpf.page.ts';
import { FramePage } from './frame.page.ts';
import { expect, test as base } from './test.ts';
import { World } from './world.ts';

interface Given {
  /** What the helper says there is. */
  host: BpfOutput | null;
  bpf: BpfPage;
}

const test = base.extend<Given>({
  host: [BPF, { option: true }],
  world: async ({ helper, host }, use, info) => {
    const world = new World();
    try {
      giveBpf(world, host);
      await world.startEngine(helper);
      await world.startFace();
      await use(world);
      if (info.status !== info.expectedStatus) console.log(world.log);
    } finally {
      await world.end();
    }
  },
  bpf: async ({ page, world }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    const bpf = new BpfPage(page);
    await bpf.open(await world.link());
    await use(bpf);
    expect(complaints).toEqual([]);
  },
});

test.describe('what is loaded', () => {
  test('is told in one sentence, and listed', async ({ bpf, page }) => {
    await bpf.isKnown();
    await expect(page).toHaveTitle('BPF · Merlon');
    await expect(bpf.sentence).toContainText(/^5 programs: 2 Merlon’s/);
    await expect(bpf.row('process_exec')).toContainText(/raw_tracepoint.*sched_process_exec.*Merlon/);
    await expect(bpf.row('spy_on_reads')).toContainText(/kprobe.*ksys_read.*foreign/);
  });

  test('has what is worth a look on top, with words', async ({ bpf }) => {
    await bpf.isKnown();
    await expect(bpf.names.first()).toHaveText('spy_on_reads');
    await expect(bpf.row('spy_on_reads').getByRole('img', { name: 'Worth a look' })).toBeVisible();
    await expect(bpf.row('spy_on_reads')).toContainText('writes into programs’ memory');
  });

  test('is gone through by keyboard, and opened beside', async ({ bpf, page }) => {
    await bpf.isKnown();
    await bpf.programs.focus();
    await page.keyboard.press('Home');
    await expect(bpf.panel).toContainText('spy_on_reads');
    await expect(bpf.panel).toContainText(
      'It can write into the memory of the process that runs at that moment.',
    );
    await expect(bpf.panel).toContainText('A fingerprint of its instructions');
    await page.keyboard.press('End');
    await expect(bpf.row('process_exit')).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('k');
    await expect(bpf.panel).toContainText('process_exec');
    await expect(page).toHaveURL(/program=11/);
    await page.keyboard.press('Escape');
    await expect(bpf.panel).toBeHidden();
    await expect(bpf.programs).toBeFocused();
  });

  test('is filtered by words and by whose it is', async ({ bpf, page }) => {
    await bpf.isKnown();
    await page.keyboard.press('/');
    await page.keyboard.type('system.slice ssh');
    await expect(bpf.names).toHaveText(['sd_devices']);
    await page.keyboard.press('Escape');
    await expect(bpf.filter).toHaveValue('');
    await bpf.narrow('Merlon');
    await expect(bpf.names).toHaveText(['process_exec', 'process_exit']);
    await bpf.filter.fill('no such thing');
    await expect(bpf.main).toContainText('No program matches');
    await bpf.main.getByRole('button', { name: 'Show all' }).click();
    await expect(bpf.names).toHaveCount(5);
  });

  test('is sorted by its heads', async ({ bpf }) => {
    await bpf.isKnown();
    await bpf.programs.getByRole('button', { name: 'Name' }).click();
    await expect(bpf.programs.getByRole('columnheader', { name: 'Name' })).toHaveAttribute(
      'aria-sort',
      'ascending',
    );
    await expect(bpf.names.first()).toHaveText('process_exec');
    await bpf.programs.getByRole('button', { name: 'Name' }).click();
    await expect(bpf.names.first()).toHaveText('spy_on_reads');
  });

  test('leads to its maps, and back', async ({ bpf }) => {
    await bpf.isKnown();
    await bpf.row('spy_on_reads').click();
    await bpf.panel.getByRole('button', { name: 'reads' }).click();
    await expect(bpf.maps).toBeVisible();
    await expect(bpf.panel).toContainText('/sys/fs/bpf/reads');
    await expect(bpf.panel).toContainText('processes cannot change it any more');
    await bpf.panel.getByRole('button', { name: 'spy_on_reads' }).click();
    await expect(bpf.programs).toBeFocused();
  });
});

test('what has come and gone is shown, and can be taken as known', async ({ bpf, world, page }) => {
  await bpf.isKnown();
  giveBpf(world, LATER);
  await page.keyboard.press('r');
  await expect(bpf.sentence).toContainText('1 is new and 1 gone since');
  await bpf.show('Changes');
  await expect(bpf.changes('New')).toContainText('came_later');
  await expect(bpf.changes('Gone')).toContainText('/system.slice/ssh.service');
  await bpf.main.getByRole('button', { name: 'Take this as known…' }).click();
  await expect(bpf.sheet).toContainText(
    '1 of them will no longer count as new, and 1 that is gone will be forgotten.',
  );
  await expect(bpf.sheet.getByRole('button', { name: 'Leave it' })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press('Control+Enter');
  await expect(bpf.sheet).toBeHidden();
  await expect(new FramePage(page).notes).toContainText('5 programs are known now.');
  await expect(bpf.sentence).toContainText('none is new or gone since');
});

test('a look that fails is said, and leaves what was known', async ({ bpf, world, page }) => {
  await bpf.isKnown();
  giveBpf(world, null);
  await page.keyboard.press('r');
  const banner = bpf.banner('Not looked at again at');
  await expect(banner).toContainText(/What is below is from \d\d:\d\d:\d\d\./);
  await expect(bpf.row('process_exec')).toBeVisible();
  giveBpf(world, BPF);
  await banner.getByRole('button', { name: 'Try again' }).click();
  await expect(banner).toBeHidden();
});

test.describe('a helper that cannot say', () => {
  test.use({ host: null });
  test('is said in words, and asked again', async ({ bpf, world, page }) => {
    await expect(bpf.main).toContainText('What BPF there is could not be read');
    await expectAccessible(page);
    giveBpf(world, BPF);
    await bpf.main.getByRole('button', { name: 'Try again' }).click();
    await bpf.isKnown();
  });
});

test.describe('not authorised', () => {
  test.use({ helper: 'pkexec' });
  test('the page says what is needed, and goes on by itself', async ({ bpf, world, page }) => {
    await expect(bpf.main).toContainText('What BPF there is cannot be said yet');
    await expectAccessible(page);
    world.answerDialog('allow');
    await bpf.main.getByRole('button', { name: 'Ask for the password' }).click();
    await bpf.isKnown();
  });
});

test.describe('four hundred programs', () => {
  test.use({ host: MANY });
  test('stay quick, and selection and place stay when they are looked at again', async ({ bpf, page }) => {
    await bpf.isKnown();
    await bpf.programs.focus();
    await page.keyboard.press('End');
    await expect(bpf.row('process_exit')).toBeVisible();
    expect(await bpf.main.getByRole('row').count()).toBeLessThan(80);
    await page.keyboard.press('r');
    await expect(bpf.row('process_exit')).toHaveAttribute('aria-selected', 'true');
    await expect(bpf.row('process_exit')).toBeInViewport();
  });
});

test.describe('what is hostile', () => {
  test.use({ host: HOSTILE_BPF });
  test('is text', async ({ bpf, page }) => {
    await bpf.isKnown();
    await bpf.row('U+202E<img').first().click();
    await expect(bpf.panel).toContainText('U+202E<img src=x onerror="document.title=1">U+0007');
    await expect(page).toHaveTitle('BPF · Merlon');
    await expect(page.locator('main img')).toHaveCount(0);
    await bpf.fitsTheWindow();
    await bpf.show('Maps');
    await bpf.row('U+202E<img').first().click();
    await bpf.fitsTheWindow();
    await expectAccessible(page);
  });
});

test('is reached by keys, by the tabs and by the menu', async ({ bpf, page }) => {
  await bpf.isKnown();
  await bpf.tabs.getByRole('link', { name: 'Health' }).click();
  await expect(page).toHaveTitle('Health · Merlon');
  const frame = new FramePage(page);
  await expect(frame.rail.getByRole('link', { name: 'Protection' })).toHaveAttribute('aria-current', 'page');
  await frame.press('g', 'b');
  await expect(bpf.tabs.getByRole('link', { name: 'BPF' })).toHaveAttribute('aria-current', 'page');
  await frame.press('g', 's');
  await expect(page).toHaveTitle('Protection · Merlon');
  await frame.run('bpf');
  await expect(page).toHaveTitle('BPF · Merlon');
});

for (const width of [1440, 390]) {
  test.describe(`at ${width} px nothing keeps anybody out`, () => {
    test.slow();
    test.use({ viewport: { width, height: 900 } });
    test('in the lists and beside them', async ({ bpf, page }) => {
      await bpf.isKnown();
      await bpf.fitsTheWindow();
      await expectAccessible(page);
      await bpf.row('spy_on_reads').click();
      await expect(bpf.panel).toBeVisible();
      await bpf.fitsTheWindow();
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await bpf.show('Changes');
      await expectAccessible(page);
    });
  });
}
