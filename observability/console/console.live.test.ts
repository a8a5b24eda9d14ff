/**
 * The console in a real Chromium, over a real stack under load. With SCREENSHOTS set to a folder it writes pictures there:
 * `SCREENSHOTS=docs/images node --test observability/console/console.live.test.ts`.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { DEFAULT_KEY } from '../../loadtest/simulator/server.ts';
import { findChromium } from '../local/paths.ts';
import { eventually } from '../local/testing-stack.ts';
import { launchBrowser } from './testing-browser.ts';
import { type ConsoleStack, startStack } from './testing-stack.ts';

const SECTIONS = ['users', 'dashboards', 'try', 'follow', 'break'];
/** What shows that a section has its content. */
const SETTLED: Readonly<Record<string, string>> = {
  users: '#users .body canvas',
  dashboards: '#dashboards .body .stat',
  try: '#try option:checked',
  follow: '#follow .waterfall',
  break: '#break article',
};
const DASHBOARDS = ['objectives', 'calls', 'cost', 'service', 'telemetry', 'load-test', 'one-id'];
const MAX_PAGE_BYTES = 150_000;
/** What a page would do if any of it became markup. */
const HOSTILE =
  '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e"\'&lt;b&gt;';
/** Faults that show soon, and the alert that tells of each. */
const FAULTS = [
  ['slow_upstream', 'ClaudeP99Latency'],
  ['streams_cut', 'ClaudeStreamsTruncated'],
  ['account_on_hold', 'ClaudeAccountOnHold'],
] as const;
const SLOW_MS = 60_000;
/** Of a picture, which is to be small. */
const MAX_SHOT_PX = 960;
/** Before the first picture, so that its lines have a length. */
const HISTORY_MS = 200_000;
const PHONE = { width: 375, height: 780 };
const DESK = { width: 1280, height: 860 };
const FOLDER = process.env['SCREENSHOTS'];
/** Panels out of sight ask for nothing. */
const ARE_DRAWN = `[...document.querySelectorAll('section:not([hidden]) .panel')]
  .filter((panel) => panel.getBoundingClientRect().top < innerHeight)
  .every((panel) => !panel.textContent.includes('Loading …')) || undefined`;

describe('the console', {
  concurrency: false,
  skip: findChromium() ? false : 'no chromium here',
}, () => {
  const resources = new AsyncDisposableStack();
  let stack: ConsoleStack;
  let browser: Browser;
  let page: Page;
  /** Of a call that was made. */
  let knownId = '';
  /** What the browser has complained of, and what it has asked that is not the console. */
  const complaints: string[] = [];

  const url = () => stack.url('CONSOLE_PORT');
  const go = (hash: string) => page.goto(`${url()}/#${hash}`);
  const see = (text: string | RegExp, limitMs = SLOW_MS) =>
    page.locator('section:not([hidden])').getByText(text).first().waitFor({ timeout: limitMs });

  async function shoot(name: string, of = page): Promise<void> {
    if (FOLDER === undefined) return;
    mkdirSync(FOLDER, { recursive: true });
    await eventually('the panels in sight', () => of.evaluate<true | undefined>(ARE_DRAWN));
    const [width, height] = await of.evaluate<[number, number]>(
      '[document.documentElement.clientWidth, document.documentElement.scrollHeight]',
    );
    const clip = { x: 0, y: 0, width, height: Math.min(height, MAX_SHOT_PX) };
    await of.screenshot({ path: join(FOLDER, `console-${name}.png`), fullPage: true, clip });
  }

  /** A page whose every complaint is kept; the browser's end closes it. */
  async function openPage(options: Parameters<Browser['newContext']>[0]): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    const opened = await context.newPage();
    opened.on('pageerror', ({ message }) => complaints.push(message));
    opened.on('console', (message) => {
      // An answer that is no 2xx is said in words on the page.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        complaints.push(message.text());
      }
    });
    opened.on('request', (request) => {
      if (!request.url().startsWith(url())) complaints.push(`it asks ${request.url()}`);
    });
    return opened;
  }

  before(async () => {
    stack = resources.use(await startStack());
    browser = await launchBrowser();
    resources.defer(() => browser.close());
    page = await openPage({ viewport: DESK });
  });
  after(() => resources.disposeAsync());

  test('users: the verdict, the objectives with their budgets and the panels are there, from calls just made', async () => {
    await go('users');
    await see('Users are fine');
    await see('99.5 % of calls succeed');
    await see('No alert fires.');
    await eventually('budgets', async () => {
      const cells = await page
        .locator('#users table')
        .first()
        .locator('tbody td')
        .allTextContents();
      return cells.length === 16 && cells.every((text) => !text.startsWith('no calls'))
        ? true
        : undefined;
    });
    await see(/^(?:100|99)\.\d\d %$/);
    await page.locator('#users canvas').nth(5).waitFor();
    assert.equal(await page.title(), 'Users fine? – Claude Observatory');
    if (FOLDER !== undefined) await page.waitForTimeout(HISTORY_MS);
    await shoot('users');
  });

  for (const name of DASHBOARDS) {
    test(`dashboards: every panel of ${name} is drawn, is empty in its own words, or says why not`, async () => {
      await go(`dashboards?uid=claude-${name}`);
      await page.locator(`#dashboards [data-uid=claude-${name}] .panel`).first().waitFor();
      await page.getByLabel('Range').selectOption('5 minutes');
      // All of it in view, as only what is seen is asked for.
      const height = await page.evaluate<number>('document.documentElement.scrollHeight');
      await page.setViewportSize({ ...DESK, height: height + 2_000 });
      await eventually(`the panels of ${name}`, async () => {
        const bodies = await page.locator('#dashboards .panel .body').allTextContents();
        return bodies.length > 0 && bodies.every((text) => text !== 'Loading …') ? true : undefined;
      });
      assert.deepEqual(await page.locator('#dashboards .notice.bad').allTextContents(), []);
      assert((await page.locator('#dashboards h3').count()) > 1);
      await shoot(`dashboard-${name}`);
      await page.setViewportSize(DESK);
    });
  }

  test('dashboards: a panel type that the page cannot draw says so', async () => {
    await go('dashboards?uid=claude-one-id');
    await see('This page cannot draw a panel of type “logs”; Grafana can.');
    await see(/This panel asks Tempo/);
  });

  test('dashboards: a heat map, a stat and a series have words for who cannot see them', async () => {
    await go('dashboards?uid=claude-calls');
    const labels = () =>
      page
        .locator('#dashboards [role=img]')
        .evaluateAll((all) => all.map((each) => each.getAttribute('aria-label') ?? ''));
    await eventually('the words', async () => {
      const all = await labels();
      return (
        all.some((text) => /^Calls by outcome, over time\. Now: .*success [1-9]/.test(text)) ||
        undefined
      );
    });
    await page
      .getByRole('heading', { name: 'Latency of calls, all of them' })
      .scrollIntoViewIfNeeded();
    await eventually(
      'the heat map',
      async () =>
        (await labels()).some((text) =>
          /^Latency of calls, all of them, as a heat map\. The fullest bucket ends at \d/.test(
            text,
          ),
        ) || undefined,
    );
  });

  test('dashboards: a variable narrows what is asked, and its value stands for itself alone', async () => {
    await go('dashboards?uid=claude-calls');
    await page
      .locator('#dashboards select[name=model] option[value=claude-haiku-5-5]')
      .waitFor({ state: 'attached' });
    const asked = page.waitForRequest(
      (request) =>
        request.url().includes('/api/panel?') &&
        request.url().includes('var-model=claude-haiku-5-5'),
    );
    await page.locator('#dashboards select[name=model]').selectOption('claude-haiku-5-5');
    const response = await (await asked).response();
    const { targets } = (await response?.json()) ?? assert.fail();
    assert(
      targets.some(({ expr }: { expr: string }) => expr.includes('model=~"claude-haiku-5-5"')),
      JSON.stringify(targets),
    );
  });

  test('dashboards: charts of a dashboard that was left are taken away, with what listens for them', async () => {
    await go('dashboards?uid=claude-calls');
    await page.locator('#dashboards [data-uid=claude-calls] .uplot').first().waitFor();
    await go('dashboards?uid=claude-service');
    await page.locator('#dashboards [data-uid=claude-service] .uplot').first().waitFor();
    const alive =
      '[uPlot.sync("console").plots.length, document.querySelectorAll(".uplot").length]';
    const [listening, drawn] = await page.evaluate<[number, number]>(alive);
    assert.equal(listening, drawn);
  });

  test('dashboards: an answer that comes late does not take the place of a later one', async () => {
    const looked = await openPage({ viewport: DESK });
    const held: (() => Promise<void>)[] = [];
    await looked.route(/\/api\/panel\?.*range=604800/, (route) => {
      held.push(() => route.continue());
    });
    await looked.goto(`${url()}/#dashboards?uid=claude-calls`);
    const panel = looked.locator('#dashboards .panel').first();
    await panel.locator('.uplot').waitFor();
    const asked = panel.locator('pre');
    assert.match((await asked.textContent()) ?? '', /\[20s\]/);
    await looked.getByLabel('Range').selectOption('7 days');
    await eventually('the questions', async () => held.length > 0 || undefined);
    await looked.getByLabel('Range').selectOption('1 hour');
    await eventually(
      'an hour',
      async () => (await asked.textContent())?.includes('[25s]') || undefined,
    );
    const late = looked.waitForResponse(/range=604800/);
    await Promise.all(held.map((release) => release()));
    await (await late).finished();
    assert.match((await asked.textContent()) ?? '', /\[25s\]/);
    await looked.context().close();
  });

  test('try it: a hostile prompt comes back as text, with all that became of the call', async () => {
    await go('try');
    await page.getByLabel('Prompt').fill(HOSTILE);
    await page.getByRole('button', { name: 'Call Claude' }).click();
    await see('The answer is complete.');
    await see('Key alias');
    assert(
      (await page.getByLabel('Answer', { exact: true }).last().textContent())?.includes(HOSTILE),
    );
    const facts = (await page.locator('#try dl').locator('dt, dd').allTextContents()).join('\n');
    for (const fact of [
      /Attempts\n1/,
      /Upstream\nsimulator/,
      /Key alias\ndefault/,
      /Cost\n\$ 0\.0000\d+/,
      /Tokens\n\d+ in, \d+ out/,
      /First token\n[\d.]+ ms/,
      /Outcome\nsuccess/,
    ]) {
      assert.match(facts, fact);
    }
    await shoot('try');
  });

  test('try it: a whole answer comes too, and by the keyboard alone', async () => {
    await go('try');
    await page.getByLabel('Prompt').fill('Hello');
    await page.getByLabel('whole').focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Call Claude' }).focus();
    await page.keyboard.press('Enter');
    await see('The answer is complete.');
    await see(/You said: Hello/);
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Call Claude');
    await page.getByLabel('streamed').check();
  });

  test('follow it: the ID of that call leads to its trace, its lines and the request as the upstream saw it', async () => {
    knownId = (await page.locator('#try dd a').first().textContent()) ?? '';
    await page.locator('#try dd a').first().click();
    await see('Found.');
    await see('Claude’s own');
    const spans = await page.locator('.waterfall tbody tr').allInnerTexts();
    assert(spans.length >= 4, spans.join());
    for (const name of ['POST /v1/messages', 'chat claude-haiku-5-5', 'attempt', 'Claude’s own']) {
      assert(
        spans.some((text) => text.includes(name)),
        name,
      );
    }
    const text = (await page.locator('#follow').textContent()) ?? '';
    assert.match(text, /info call/);
    assert.match(text, /x-api-key: sim…use/);
    assert(!text.includes(DEFAULT_KEY));
    await shoot('follow');
  });

  test('follow it: a hostile ID is refused in words and stays text, from the field and from the address', async () => {
    await go('follow');
    await page.getByLabel('Correlation ID or trace ID').fill(HOSTILE.slice(0, 128));
    await page.getByRole('button', { name: 'Find it' }).click();
    await see('That is no ID');
    await go(`follow?id=${encodeURIComponent('"} or {x=~".+')}`);
    await see('That is no ID');
    await go('follow?id=not-an-id-that-was-used');
    await see('No span: not yet, not kept, or no such ID.');
    assert.equal(await page.evaluate('globalThis.hacked'), undefined);
  });

  for (const [fault, alert] of FAULTS) {
    test(`break it: ${fault}, switched on by the keyboard, fires ${alert}, which clears once it is off`, async () => {
      await go('break');
      const card = page.locator('#break article', { hasText: `FAULT=${fault}` });
      const toggle = card.getByRole('switch');
      const state = card.locator('li', { hasText: alert });
      await state.getByText('inactive').waitFor({ timeout: SLOW_MS });
      await toggle.press('Space');
      await state.getByText(/^firing, active for \d+ (?:s|min)$/).waitFor({ timeout: SLOW_MS });
      if (fault === 'account_on_hold') await shoot('break');
      const href = await card.getByRole('link', { name: alert }).getAttribute('href');
      const runbook = await page.request.get(`${url()}${href}`);
      assert((await runbook.text()).startsWith(`# ${alert}\n`));
      await go('users');
      await see(`Runbook of ${alert}`);
      await shoot(`fault-${fault}`);
      await go('break');
      await toggle.press('Space');
      await state.getByText('inactive').waitFor({ timeout: 2 * SLOW_MS });
      assert.equal(await toggle.isChecked(), false);
    });
  }

  test('break it: what a fault does to a call is said where it is tried, until all faults are taken back', async () => {
    await go('break');
    await page.locator('#switch-account_on_hold').check();
    await go('try');
    await page.getByRole('button', { name: 'Call Claude' }).click();
    await see(/on hold/);
    await see('auth_error');
    await go('users');
    await see('Users suffer');
    await go('break');
    await page.getByRole('button', { name: 'Take all faults back' }).click();
    await eventually(
      'no fault',
      async () => (await page.locator('#break article.on').count()) === 0 || undefined,
    );
  });

  test('break it: an alert that is asked for anew keeps the focus that its runbook has', async () => {
    await go('break');
    await page.locator('#break article a').first().focus();
    await page.waitForResponse((response) => response.url().endsWith('/api/alerts'));
    await page.waitForResponse((response) => response.url().endsWith('/api/alerts'));
    assert.equal(await page.evaluate('document.activeElement.tagName'), 'A');
  });

  test('break it: calls that the page makes are counted, are few at once, and stop with the switch', async () => {
    const asked = await openPage({ viewport: DESK });
    let held: (() => void)[] = [];
    await asked.route(
      '**/api/call',
      (route) => new Promise<void>((resolve) => held.push(() => resolve(route.continue()))),
    );
    const twoPolls = async () => {
      for (let i = 0; i < 2; i++) {
        await asked.waitForResponse((response) => response.url().endsWith('/api/faults'));
      }
    };
    await asked.goto(`${url()}/#break`);
    const calling = asked.getByLabel('Make calls from this page');
    await calling.check();
    await calling.uncheck();
    await calling.check();
    await twoPolls();
    assert.equal(held.length, 3);
    await calling.uncheck();
    for (const release of held) release();
    held = [];
    await asked.getByText(/^3 calls, \d failed$/).waitFor();
    await twoPolls();
    assert.equal(held.length, 0);
    await asked.context().close();
  });

  test('break it: where a real upstream answers, the page makes no calls and says why', async () => {
    const asked = await openPage({ viewport: DESK });
    const why = 'Calls cost money there.';
    await asked.route('**/api/upstream', (route) =>
      route.fulfill({ json: { isSimulator: false, why } }),
    );
    await asked.goto(`${url()}/#break`);
    await asked.getByLabel('Make calls from this page').click();
    await asked.getByText(why).waitFor();
    assert.equal(await asked.getByLabel('Make calls from this page').isChecked(), false);
    await asked.context().close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    test(`accessibility: axe finds nothing in any section, ${scheme}`, async () => {
      const looked = await openPage({ viewport: DESK, colorScheme: scheme });
      for (const section of SECTIONS) {
        await looked.goto(`${url()}/#${section}?id=${knownId}`);
        await looked.locator(`#${section} h1`).waitFor();
        await looked
          .locator(SETTLED[section] ?? '')
          .last()
          .waitFor({ state: 'attached' });
        await looked.evaluate(axe.source);
        const { violations } = await looked.evaluate<axe.AxeResults>('axe.run(document)');
        const found = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html }) => `${id}: ${html}`),
        );
        assert.deepEqual(found, [], section);
        if (scheme === 'dark' && section === 'users') await shoot('users-dark', looked);
      }
      await looked.context().close();
    });
  }

  test('phone: no section is wider than the screen', async () => {
    const phone = await openPage({ viewport: PHONE, isMobile: true, hasTouch: true });
    for (const section of SECTIONS) {
      await phone.goto(`${url()}/#${section}?id=${knownId}`);
      await phone.locator(`#${section} h1`).waitFor();
      await phone
        .locator(SETTLED[section] ?? '')
        .last()
        .waitFor({ state: 'attached' });
      const width = await phone.evaluate<number>('document.documentElement.scrollWidth');
      assert(width <= PHONE.width, `${section}: ${width}`);
      if (section === 'users') await shoot('users-phone', phone);
    }
    await phone.context().close();
  });

  test('keyboard: the first stop skips to the content, the next are the sections, and focus follows', async () => {
    const fresh = await openPage({ viewport: DESK });
    await fresh.goto(url());
    await fresh.keyboard.press('Tab');
    assert.equal(await fresh.evaluate('document.activeElement.textContent'), 'Skip to the content');
    for (let i = 0; i < 3; i++) await fresh.keyboard.press('Tab');
    await fresh.keyboard.press('Enter');
    await fresh.getByRole('heading', { name: 'Try it', level: 1 }).waitFor();
    assert.equal(await fresh.evaluate('document.activeElement.id'), 'main');
    await fresh.goto(`${url()}/#main`);
    await fresh.reload();
    await fresh.getByRole('heading', { name: 'Are users fine?', level: 1 }).waitFor();
  });

  test('weight: the whole page is under 150 kB', async () => {
    const weighed = await openPage({ viewport: DESK });
    const sizes = new Map<string, Promise<number>>();
    weighed.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (!pathname.startsWith('/api/'))
        sizes.set(
          pathname,
          response.body().then((b) => b.length),
        );
    });
    await weighed.goto(url(), { waitUntil: 'networkidle' });
    const bytes = (await Promise.all(sizes.values())).reduce((sum, each) => sum + each, 0);
    assert(sizes.has('/uPlot.iife.min.js') && sizes.has('/break.js'), [...sizes.keys()].join());
    assert(bytes < MAX_PAGE_BYTES, `${bytes} bytes`);
  });

  test('errors: what is not there is said in plain words, one part after the other', async () => {
    await stack.stop('simulator');
    await go('break');
    await see('The simulator is not there');
    await stack.stop('prometheus');
    await go('users');
    await see('Prometheus is not there');
    await page.locator('#parts').getByText('Prometheus: not there').waitFor();
    await shoot('not-there');
    await go('dashboards?uid=claude-service');
    await see('Prometheus is not there');
    await stack.stop('span-store');
    await go('follow?id=order-17');
    await see('The trace store cannot be asked');
    await stack.stop('service');
    await go('try');
    await page.getByRole('button', { name: 'Call Claude' }).click();
    await see('The service is not there');
    await eventually(
      'the parts',
      async () =>
        (await page.locator('#parts').textContent())?.includes('Prometheus: not there') ||
        undefined,
    );
  });

  test('the browser has complained of nothing: no violation of the policy, no error, nothing asked from elsewhere', () => {
    assert.deepEqual(complaints, []);
  });
});
