import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { FEATURE_IDS, type ProbeOutput } from '../../shared/capabilities.ts';
import { expectAccessible } from './axe.ts';
import { FramePage } from './frame.page.ts';
import { ALL, alter, giveProbe, HOSTILE, NO_CGROUP, USUAL, withEvil } from './protection.fixture.ts';
import { ProtectionPage } from './protection.page.ts';
import { expect, test as base } from './test.ts';
import { World } from './world.ts';

interface Given {
  /** What the kernel takes. */
  kernel: ProbeOutput;
  /** Whether the engine's own words are hostile. */
  evil: boolean;
  protection: ProtectionPage;
}

const test = base.extend<Given>({
  kernel: [USUAL, { option: true }],
  evil: [false, { option: true }],
  world: async ({ helper, kernel }, use, info) => {
    const world = new World();
    try {
      giveProbe(world, kernel);
      await world.startEngine(helper);
      await world.startFace();
      await use(world);
      if (info.status !== info.expectedStatus) console.log(world.log);
    } finally {
      await world.end();
    }
  },
  protection: async ({ page, world, evil }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    if (evil) await alter(page, withEvil);
    const protection = new ProtectionPage(page);
    await protection.open(await world.link());
    await use(protection);
    expect(complaints).toEqual([]);
  },
});

const DENY = 'A program before it runs';
const ITSELF = 'Itself against root';
const NETWORK = 'A process from reaching the network';
const refused = Object.values(USUAL.features).filter(({ state }) => state === 'refused').length;

test.describe('a kernel that refuses some of it', () => {
  test('is told in one sentence, with what that rests on', async ({ protection, page }) => {
    await protection.isTried();
    await expect(page).toHaveTitle('Protection · Merlon');
    await expect(protection.sentence).toContainText('Merlon sees every program that starts and ends');
    await expect(protection.sentence).toContainText('it cannot stop root from ending it');
    const works = FEATURE_IDS.length - refused;
    await expect(protection.ground).toContainText(
      new RegExp(
        `tried \\d\\d:\\d\\d:\\d\\d in 0\\.8 s: ${works} of ${FEATURE_IDS.length} work, ${refused} were refused\\.`,
      ),
    );
  });

  test('has a line for each protection: its state, its rung, what is lost', async ({ protection }) => {
    await protection.isTried();
    const deny = protection.row(DENY);
    await expect(deny).toContainText('degraded');
    await expect(deny).toContainText('fanotify, rung 2 of 3 · not used yet');
    await expect(deny.getByRole('img', { name: 'BPF LSM refused, fanotify in use, ' })).toBeVisible();
    await expect(protection.row(ITSELF)).toContainText(/impossible.*Root can end Merlon\./);
    await expect(protection.row('Every program that starts and ends')).toContainText('works');
    await expect(protection.row('Every program that starts and ends')).not.toContainText('not used yet');
  });

  test('is gone through and unfolded by keyboard', async ({ protection, page }) => {
    await protection.isTried();
    await page.keyboard.press('j');
    await expect(protection.title('Every program that starts and ends')).toBeFocused();
    for (let at = 0; at < 6; at += 1) await page.keyboard.press('j');
    await expect(protection.title(DENY)).toBeFocused();
    await page.keyboard.press('Enter');
    const behind = protection.behind(DENY);
    await expect(behind).toContainText('prog.lsm');
    await expect(behind).toContainText('EPERM at attach');
    await expect(behind).toContainText('Operation not permitted');
    await expect(behind).toContainText('Nothing of Merlon uses this yet');
    await page.keyboard.press('Enter');
    await expect(behind).toBeHidden();
    await page.keyboard.press('k');
    await expect(protection.title('BPF programs of others')).toBeFocused();
  });

  test('says of each interface where it drops packets', async ({ protection }) => {
    await protection.isTried();
    await expect(protection.interface('lo')).toContainText('no driver');
    await expect(protection.interface('eth0')).toContainText('virtio_net');
    await expect(protection.interface('eth0').getByText('works')).toHaveCount(2);
    await expect(protection.interface('wlp3s0').getByText('refused')).toHaveCount(1);
    await expect(protection.part('Network interfaces')).toContainText(
      'In the driver: EOPNOTSUPP, Underlying driver does not support XDP in native mode',
    );
  });

  test('says its locks in words', async ({ protection, page }) => {
    await protection.isTried();
    const locks = protection.part('This kernel’s locks');
    await expect(locks).toContainText('listed, but refused');
    await expect(locks).toContainText('lockdown, capability, landlock, yama, apparmor, bpf');
    await locks.getByText('Lockdown', { exact: true }).hover();
    await expect(page.getByText('/sys/kernel/security/lockdown')).toBeVisible();
  });

  test('lists all that was tried, what was refused first; it can be searched', async ({
    protection,
    page,
  }) => {
    await protection.isTried();
    const tried = protection.part('Everything that was tried');
    await expect(tried.getByRole('group').first()).toHaveAccessibleName('Refused');
    await expect(tried.getByRole('listitem')).toHaveCount(refused);
    await tried.getByRole('button', { name: /^Maps/ }).click();
    await expect(tried.getByRole('listitem').filter({ hasText: 'map.ringbuf' })).toBeVisible();
    await page.keyboard.press('/');
    await page.keyboard.type('eperm fexit');
    await expect(tried.getByRole('listitem')).toHaveCount(1);
    await expect(tried.getByRole('listitem')).toContainText('prog.fexit');
    await protection.search.fill('no such thing');
    await expect(tried).toContainText('Nothing that was tried holds all of these words.');
    await page.keyboard.press('Escape');
    await expect(protection.search).toHaveValue('');
  });

  test('is exported as it was told', async ({ protection, page, world }) => {
    await protection.isTried();
    const download = page.waitForEvent('download');
    await protection.export('Save as JSON');
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^merlon-capabilities-\d{8}-\d{6}\.json$/);
    const told = await world.console.request('capabilities.get', {});
    expect(JSON.parse(readFileSync(await file.path(), 'utf8'))).toEqual(told.ok && told.value);
  });
});

test.describe('probing again', () => {
  test('shows what has changed', async ({ protection, world, page }) => {
    await protection.isTried();
    giveProbe(world, ALL);
    await page.keyboard.press('r');
    await expect(protection.row(ITSELF)).toContainText('works');
    await expect(protection.ground).toContainText('changes since the last time.');
    const changes = protection.part('Since the last time');
    await expect(changes.getByRole('listitem').filter({ hasText: ITSELF })).toContainText(
      /impossible.*works.*none → BPF LSM/,
    );
  });

  test('says that it is under way, and cannot be begun twice', async ({ protection, world }) => {
    await protection.isTried();
    world.holdHelper();
    await protection.probeButton.click();
    await expect(protection.probeButton).toBeDisabled();
    await expect(protection.ground).toContainText('Everything is being tried again');
    world.letHelperGo();
    await expect(protection.probeButton).toBeEnabled();
    await expect(protection.ground).toContainText('Same as the last time.');
  });

  test('that fails is said, and leaves what was known', async ({ protection, world }) => {
    await protection.isTried();
    giveProbe(world, null);
    await protection.probeButton.click();
    const banner = protection.banner('Not probed again at');
    await expect(banner).toContainText(/What is below is from \d\d:\d\d:\d\d\./);
    await expect(protection.row(DENY)).toContainText('fanotify, rung 2 of 3');
    await banner.getByRole('button', { name: 'Close' }).click();
    await expect(banner).toBeHidden();
  });

  test('by somebody else shows here too', async ({ protection, world }) => {
    await protection.isTried();
    await protection.row(DENY).getByText('fanotify, rung 2 of 3').click();
    giveProbe(world, ALL);
    expect((await world.console.request('capabilities.probe', {})).ok).toBe(true);
    await expect(protection.row(DENY)).toContainText('works');
    await expect(protection.behind(DENY)).toContainText('in use');
  });

  test('is in the command menu and among the keys', async ({ protection, page }) => {
    await protection.isTried();
    const frame = new FramePage(page);
    await frame.openMenu();
    await page.keyboard.type('probe');
    await expect(frame.chosenLine).toContainText('Probe the kernel again');
    await frame.press('Escape', '?');
    await expect(frame.help.getByRole('region', { name: 'Protection' })).toContainText('Next line');
    await expect(frame.help.getByRole('region', { name: 'Go to' })).toContainText('Protection');
  });
});

test.describe('a kernel that takes everything', () => {
  test.use({ kernel: ALL });
  test('needs nobody', async ({ protection }) => {
    await protection.isTried();
    await expect(protection.main.getByText('degraded')).toHaveCount(0);
    await expect(protection.main.getByRole('button', { name: /^Repair/ })).toHaveCount(0);
    await expect(protection.ground).toContainText(`${FEATURE_IDS.length} of ${FEATURE_IDS.length} work.`);
  });
});

test.describe('what can be repaired', () => {
  test.use({ kernel: NO_CGROUP });

  test('is told in steps, with commands to copy; Merlon itself changes nothing', async ({
    protection,
    page,
    context,
  }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await protection.isTried();
    await expect(protection.row(NETWORK)).toContainText('impossible');
    await protection.repairButton(NETWORK).click();
    await expect(protection.sheet).toHaveAccessibleName('Mount cgroup version 2');
    await expect(protection.sheet).toContainText('Merlon changes nothing of this by itself');
    await expect(protection.sheet.getByRole('button', { name: 'Close' }).last()).toBeFocused();
    await protection.sheet.getByRole('button', { name: 'Copy the command of step 1' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('mount -t cgroup2');
    await expect(protection.sheet.getByText('umount /sys/fs/cgroup/unified')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(protection.sheet).toBeHidden();
    await expect(protection.repairButton(NETWORK)).toBeFocused();
  });
});

test.describe('not authorised', () => {
  test.use({ helper: 'pkexec' });
  test('nothing is claimed, and the next step is offered', async ({ protection, world }) => {
    const banner = protection.banner('This kernel was not tried yet.');
    await expect(protection.row(DENY)).toContainText('not tried');
    await expect(protection.main.getByText('impossible')).toHaveCount(0);
    await expect(protection.ground).toContainText('without root');
    await banner.getByRole('button', { name: 'Ask for the password' }).click();
    await expect(banner).toContainText('You dismissed the password dialog.');
    world.answerDialog('allow');
    await banner.getByRole('button', { name: 'Ask again' }).click();
    await protection.isTried();
    await expect(banner).toBeHidden();
    await expect(protection.row(DENY)).toContainText('fanotify, rung 2 of 3');
  });
});

test('without the engine what was known stays', async ({ protection, world }) => {
  await protection.isTried();
  await world.endEngine();
  await expect(protection.banner('Not connected since')).toBeVisible();
  await expect(protection.probeButton).toBeDisabled();
  await expect(protection.row(DENY)).toContainText('fanotify, rung 2 of 3');
});

test('an engine that cannot say is asked again', async ({ page, world }) => {
  let refuses = true;
  await page.routeWebSocket(/\/ws$/, (face) => {
    const engine = face.connectToServer();
    engine.onMessage((text) => {
      if (!String(text).includes('"capabilities.changed"')) face.send(text);
    });
    face.onMessage((text) => {
      const { id, request } = JSON.parse(String(text)) as { id: number; request: string };
      if (!refuses || request !== 'capabilities.get') return engine.send(text);
      const error = { code: 'failed', message: 'What was tried cannot be read.' };
      face.send(JSON.stringify({ id, ok: false, error }));
    });
  });
  const protection = new ProtectionPage(page);
  await protection.open(await world.link());
  await expect(protection.main).toContainText('What was tried cannot be read.');
  await expectAccessible(page);
  refuses = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(protection.sentence).toBeVisible();
});

test.describe('what is hostile', () => {
  test.use({ kernel: HOSTILE });

  test('is text, in lists and in the kernel’s own words', async ({ protection, page }) => {
    await protection.isTried();
    await expect(protection.interface('U+202Eeth<b>0')).toContainText('driU+200Bver');
    await protection.title(DENY).click();
    const behind = protection.behind(DENY);
    await expect(behind).toContainText('<b>EPERM</b>');
    await expect(behind).toContainText('at attU+202Each');
    await expect(behind).toContainText('<img src=x onerror="document.title=1">');
    await expect(behind).toContainText('U+001B[2Jgone');
    await expect(page).toHaveTitle('Protection · Merlon');
    await expect(page.locator('main img')).toHaveCount(0);
    await protection.fitsTheWindow();
    await expectAccessible(page);
  });

  test.describe('in what the engine says', () => {
    test.use({ evil: true });

    test('it is text too, and what cannot be seen cannot be copied', async ({ protection, page }) => {
      await expect(protection.sentence).toContainText('U+202E<img');
      await protection.repairButton(DENY).click();
      const first = protection.sheet.getByRole('region', { name: /^Mend U\+202E/ });
      await expect(first).toContainText('rm aU+200Bb');
      await expect(first.getByRole('button', { name: 'Copy the command of step 1' })).toHaveCount(0);
      await expect(first.getByRole('button', { name: 'Copy the command of step 2' })).toHaveCount(1);
      const change = protection.sheet
        .getByRole('region', { name: 'Mend the other' })
        .getByRole('group', { name: 'The change' });
      await expect(change.locator('mark')).toHaveText([',bpf']);
      await expect(change).toContainText('removed: lsm=a');
      await expect(change).toContainText('added: lsm=a,bpf');
      await expect(page).toHaveTitle('Protection · Merlon');
      await expect(page.locator('main img, [role=dialog] img')).toHaveCount(0);
      await expectAccessible(page);
    });
  });
});

// Each looks at both themes.
for (const width of [1440, 390]) {
  test.describe(`at ${width} px nothing keeps anybody out`, () => {
    test.slow();
    test.use({ viewport: { width, height: 900 } });

    test('while it is read and unfolded', async ({ protection, page }) => {
      await protection.isTried();
      await protection.title(DENY).click();
      await expect(protection.behind(DENY)).toBeVisible();
      await protection.fitsTheWindow();
      await expectAccessible(page);
    });

    test.describe('with a repair', () => {
      test.use({ kernel: NO_CGROUP });
      test('on its sheet', async ({ protection, page }) => {
        await protection.isTried();
        await protection.repairButton(NETWORK).click();
        await expect(protection.sheet).toBeVisible();
        await expectAccessible(page);
      });
    });

    test.describe('without root', () => {
      test.use({ helper: 'pkexec' });
      test('while nothing is known', async ({ protection, page }) => {
        await expect(protection.row(DENY)).toContainText('not tried');
        await protection.fitsTheWindow();
        await expectAccessible(page);
      });
    });
  });
}

const SIZES = [
  { name: '1440', width: 1440, height: 900 },
  { name: '1024', width: 1024, height: 720 },
  { name: '390', width: 390, height: 844 },
] as const;

/** Keeps a picture. */
async function look(page: Page, state: string, name: string): Promise<void> {
  const path = `test-results/screens/protection-${state}-${name}.png`;
  await page.screenshot({ path, animations: 'disabled' });
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const { name, ...viewport } of SIZES) {
    test.describe(`${colorScheme} ${name}`, () => {
      test.use({ colorScheme, viewport, kernel: NO_CGROUP });
      const label = `${name}-${colorScheme}`;

      test('full, unfolded, repair, failed', async ({ protection, world, page }) => {
        await protection.isTried();
        await look(page, 'full', label);
        await protection.title(DENY).click();
        await look(page, 'unfolded', label);
        await protection.repairButton(NETWORK).click();
        await expect(protection.sheet).toBeVisible();
        await look(page, 'repair', label);
        await page.keyboard.press('Escape');
        giveProbe(world, null);
        await page.keyboard.press('r');
        await expect(protection.banner('Not probed again at')).toBeVisible();
        await look(page, 'failed', label);
      });

      test.describe('without root', () => {
        test.use({ helper: 'pkexec' });
        test('not tried', async ({ protection, page }) => {
          await expect(protection.row(DENY)).toContainText('not tried');
          await look(page, 'untried', label);
        });
      });
    });
  }
}
