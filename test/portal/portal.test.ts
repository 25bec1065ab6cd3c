import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { callerOf, type Caller } from '../support/api.ts';
import { barriersOn, launch, openPage, whereThereIsABrowser, type Opened } from '../support/browser.ts';
import { startSystem, type RunningSystem } from '../support/running-system.ts';
import { startInbox, type Inbox } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

/** In a real browser, on the running system: what somebody of a tenant sees and does who was sent a link. */
(whereThereIsABrowser() ? describe : describe.skip)('the portal', () => {
  let system: RunningSystem;
  let api: Caller;
  let browser: Browser;
  let works: Inbox;
  let fails: Inbox;
  let opened: Opened[] = [];
  let tenants = 0;

  beforeAll(async () => {
    [system, browser, works, fails] = await Promise.all([
      startSystem(),
      launch(),
      startInbox((_, response) => response.end('thanks')),
      startInbox((_, response) => response.writeHead(500).end(HOSTILE)),
    ]);
    api = callerOf(system);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all([system.stop(), works.close(), fails.close()]);
  });

  /** Whatever a test does, the page throws nothing, breaks none of its own rules, and talks to nobody else. */
  afterEach(async () => {
    for (const { page, complaints, requests } of opened) {
      expect(complaints.filter((text) => !text.includes('Failed to load resource'))).toEqual([]);
      const elsewhere = requests.filter((request) => !request.split(' ')[1]?.startsWith(`${system.url}/`));
      expect(elsewhere).toEqual([]);
      await page.context().close();
    }
    opened = [];
  });

  const newTenant = (): string => `portal-${++tenants}`;

  async function sessionFor(tenant: string, wish: object = {}): Promise<{ url: string; token: string }> {
    const { status, body } = await api.post(`/v1/tenants/${tenant}/portal-session`, wish);
    expect(status).toBe(200);
    return body;
  }

  async function open(url: string, options?: BrowserContextOptions): Promise<Page> {
    const one = await openPage(browser, url, options);
    opened.push(one);
    return one.page;
  }

  const openFor = async (tenant: string, wish?: object): Promise<Page> => open((await sessionFor(tenant, wish)).url);

  /** Waits until the one delivery of an event is in that state. */
  const becomes = (tenant: string, event: string, state: string): Promise<unknown> =>
    until(async () => {
      const { body } = await api.get(`/v1/tenants/${tenant}/events/${event}/deliveries`);
      return body.items[0]?.state === state;
    });

  const rows = (page: Page) => page.locator('tbody tr');
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
  /** Presses a button that asks first, and says yes. */
  async function confirm(page: Page, name: string): Promise<void> {
    await button(page, name).first().click();
    await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  }

  async function subscribed(tenant: string, wish: object = {}): Promise<string> {
    const { id } = await api.subscribe(tenant, { url: works.url, event_types: ['Guest.*'], name: 'CRM', ...wish });
    return id;
  }

  test('takes the token out of the address, and keeps it for this tab alone', async () => {
    const { url, token } = await sessionFor(newTenant());
    const page = await open(url);
    await page.getByText('There is none yet.').waitFor();
    expect(page.url()).not.toContain(token);
    await page.goBack();
    expect(page.url()).not.toContain(token);
    await page.goto(`${system.url}/portal`);
    await page.getByText('There is none yet.').waitFor();
    const another = await page.context().newPage();
    await another.goto(`${system.url}/portal`);
    await another.getByText('This page needs a link of its own').waitFor();
  });

  test('subscribes: chooses events, tries a filter, sees the secret, sends a test', async () => {
    const tenant = newTenant();
    const page = await openFor(tenant);
    await link(page, 'New subscription').click();
    await page.getByLabel('URL').fill(works.url);
    await page.getByLabel('Method').selectOption('PUT');
    await expect(button(page, 'Subscribe').isDisabled()).resolves.toBe(true);
    await page.getByText('Guest', { exact: true }).click();
    await page.getByLabel('Guest.Created').check();
    await page.getByLabel('Another pattern').fill('Appointment.*');
    await page.getByLabel('Another pattern').press('Enter');
    await page.getByLabel('Deliveries were given up').check();
    await page.getByText('Filter', { exact: true }).click();
    await page.getByLabel('Only events that match').fill('{"data": {"code": ["nobody"]}}');
    await button(page, 'Try').click();
    await page.getByText('It does not match').waitFor();
    await page.getByLabel('Only events that match').fill('{"data": {"code": [{"exists": true}]}}');
    await button(page, 'Try').click();
    await page.getByText('It matches').waitFor();
    // What was judged is not what stands there any more.
    await page.getByLabel('Only events that match').fill('{"data": {"code": [{"exists": true}]} }');
    await page.getByText('It matches').waitFor({ state: 'detached' });
    await page.getByText('How it is sent').click();
    await page.getByLabel('Retries').fill('10 60');
    await page.getByLabel('Headers').fill('X-Api-Key: k-123\n');
    await button(page, 'Subscribe').click();
    await page.getByText('127.0.0.1').waitFor();

    const { items } = (await api.get(`/v1/tenants/${tenant}/subscriptions`)).body;
    expect(items).toMatchObject([
      {
        url: works.url,
        method: 'PUT',
        event_types: ['Guest.Created', 'Appointment.*', 'DeadLetter.Created'],
        filter: { data: { code: [{ exists: true }] } },
        retry: { delays_seconds: [10, 60] },
        header_names: ['x-api-key'],
      },
    ]);
    const { secret } = (await api.get(`/v1/tenants/${tenant}/subscriptions/${items[0].id}/secret`)).body;
    await expect(page.locator('.copyable').textContent()).resolves.toBe(secret);

    const before = works.requests.length;
    await link(page, 'Send a test').click();
    await button(page, 'Send it now').click();
    await page.getByText('thanks').waitFor();
    expect(works.requests.slice(before)).toMatchObject([{ method: 'PUT', headers: { 'x-api-key': 'k-123' } }]);
  });

  test('shows why a subscription is refused, at which place', async () => {
    const page = await openFor(newTenant());
    await link(page, 'New subscription').click();
    await page.getByLabel('URL').fill('https://user:secret@example.com/');
    await page.getByLabel('All events').check();
    await button(page, 'Subscribe').click();
    await expect(page.getByRole('alert').textContent()).resolves.toContain('/url');
    await page.getByLabel('URL').fill(works.url);
    await page.getByText('Filter', { exact: true }).click();
    await page.getByLabel('Only events that match').fill('{');
    await button(page, 'Subscribe').click();
    await expect(page.getByRole('alert').textContent()).resolves.toContain('The filter is not JSON');
  });

  test('changes what was changed in the form, and nothing that somebody else changed meanwhile', async () => {
    const tenant = newTenant();
    const path = `/v1/tenants/${tenant}/subscriptions/${await subscribed(tenant, { headers: { 'x-a': '1', 'x-b': '2' } })}`;
    const page = await openFor(tenant);
    await link(page, 'CRM').click();
    await link(page, 'Settings').click();
    await page.getByText('How it is sent').click();
    await page.getByLabel('Requests a second').fill('5');
    await page.getByLabel('Headers').fill('x-a:');
    await button(page, 'Save').click();
    await until(async () => (await api.get(path)).body.rate_limit_per_second === 5);
    expect((await api.get(path)).body).toMatchObject({
      header_names: ['x-b'],
      event_types: ['Guest.*'],
      retry: 'standard',
    });

    await page.getByText('Saved.').waitFor();
    await button(page, 'Save').click();
    await page.getByText('Nothing was changed.').waitFor();
    await api.patch(path, { description: 'by somebody else' });
    await page.getByLabel('Name').fill('CRM 2');
    await button(page, 'Save').click();
    await page.getByText('It was changed meanwhile.').waitFor();
    expect((await api.get(path)).body).toMatchObject({ name: 'CRM', description: 'by somebody else' });
    await button(page, 'Read it again, without my changes').click();
    await page.getByText('How it is sent').click();
    await until(async () => (await page.getByLabel('Description').inputValue()) === 'by somebody else');
    await page.getByLabel('Name').fill('CRM 2');
    // What is written stays where something else happens to the subscription.
    await button(page, 'Pause').click();
    await page.getByText('Events are held').waitFor();
    await button(page, 'Save').click();
    await page.getByText('Saved.').waitFor();
    expect((await api.get(path)).body).toMatchObject({ name: 'CRM 2', status: 'paused' });
  });

  test('pauses, enables, disables and deletes', async () => {
    const tenant = newTenant();
    const path = `/v1/tenants/${tenant}/subscriptions/${await subscribed(tenant)}`;
    const page = await openFor(tenant);
    await link(page, 'CRM').click();
    await button(page, 'Pause').click();
    await page.getByText('Events are held').waitFor();
    expect((await api.get(path)).body.status).toBe('paused');
    await button(page, 'Enable').click();
    await page.getByText('Enabled', { exact: true }).waitFor();
    await confirm(page, 'Disable');
    await page.getByText('Nothing is sent').waitFor();
    expect((await api.get(path)).body.status).toBe('disabled');
    await button(page, 'Delete').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect((await api.get(path)).status).toBe(200);
    await confirm(page, 'Delete');
    await page.getByText('There is none yet.').waitFor();
    expect((await api.get(path)).status).toBe(404);
  });

  test('shows an event token for token, its deliveries and its attempts, and sends it again', async () => {
    const tenant = newTenant();
    const id = await subscribed(tenant, { event_types: ['Guest.Deleted'] });
    const event =
      '{"event_type": "Guest.Deleted", "event_id": "exact", "data": {"id": "g1", "number": 820982911946154508123, "total": 199.00}}';
    await api.publish(tenant, event);
    await becomes(tenant, 'exact', 'delivered');
    const page = await openFor(tenant);
    await link(page, 'Events').click();
    await link(page, 'exact').click();
    await page.getByText('delivered', { exact: true }).waitFor();
    const shown = await page.locator('pre').textContent();
    expect(shown).toContain('"number": 820982911946154508123');
    expect(shown).toContain('"total": 199.00');

    const before = works.requests.length;
    await confirm(page, 'Send again');
    await works.waitFor(before + 1);
    await link(page, id).click();
    await until(async () => {
      await button(page, 'Refresh').click();
      return (await rows(page).count()) === 2;
    });
    await page.getByLabel('Outcome').selectOption('rejected');
    await page.getByText('No attempt was rejected.').waitFor();
  });

  test('shows what was given up, and sends it again', async () => {
    const tenant = newTenant();
    await subscribed(tenant, { url: fails.url, retry: { delays_seconds: [] } });
    await api.publish(tenant, { event_type: 'Guest.Deleted', event_id: 'lost', data: { id: 'g1' } });
    await becomes(tenant, 'lost', 'dead');
    const page = await openFor(tenant);
    await link(page, 'CRM').click();
    await link(page, 'Dead letters').click();
    await page.getByText('every retry failed').waitFor();
    const before = fails.requests.length;
    await button(page, 'Send again').click();
    await fails.waitFor(before + 1);
    await link(page, 'Replays').click();
    await button(page, 'Start the replay').click();
    await page.getByText('Replay (what was given up)').waitFor();
    await link(page, 'Dead letters').click();
    await confirm(page, 'Dismiss');
    await page.getByText('Nothing was given up.').waitFor();
  });

  test('shows what waits, and sends it now or never', async () => {
    const tenant = newTenant();
    await subscribed(tenant, { url: fails.url, retry: { delays_seconds: [3_600, 3_600] } });
    await api.publish(tenant, { event_type: 'Guest.Deleted', event_id: 'late', data: { id: 'g1' } });
    await becomes(tenant, 'late', 'waiting');
    const page = await openFor(tenant);
    await link(page, 'CRM').click();
    await link(page, 'Waiting').click();
    await page.getByText('the next retry').waitFor();
    const before = fails.requests.length;
    await button(page, 'Send now').click();
    await fails.waitFor(before + 1);
    await until(async () => {
      await button(page, 'Refresh').click();
      return (await rows(page).getByRole('cell', { name: '2', exact: true }).count()) === 1;
    });
    await confirm(page, 'Cancel it');
    await page.getByText('Nothing waits.').waitFor();
    await becomes(tenant, 'late', 'cancelled');
  });

  test('makes a new secret, and says how long the one before is good', async () => {
    const tenant = newTenant();
    const path = `/v1/tenants/${tenant}/subscriptions/${await subscribed(tenant)}`;
    const page = await openFor(tenant);
    await link(page, 'CRM').click();
    await link(page, 'Secret').click();
    await confirm(page, 'Make a new secret');
    await page.getByText('The secret before signs as well until').waitFor();
    const { secret } = (await api.get(`${path}/secret`)).body;
    await expect(page.locator('.copyable').textContent()).resolves.toBe(secret);
    // It is another version by now, and the page knows.
    await link(page, 'Settings').click();
    await page.getByLabel('Name').fill('CRM 2');
    await button(page, 'Save').click();
    await page.getByText('Saved.').waitFor();
  });

  test('shows what others wrote as text, whatever it is', async () => {
    const tenant = newTenant();
    await subscribed(tenant, { url: fails.url, name: HOSTILE, description: HOSTILE });
    const page = await openFor(tenant);
    await link(page, HOSTILE).click();
    await link(page, 'Test').click();
    // On a busy machine the body may come too late for its excerpt.
    for (let tries = 0; tries < 5 && (await page.locator('main pre').count()) === 0; tries++) {
      await button(page, 'Send it now').click();
      await page.getByText(/after \d+ ms/).waitFor();
    }
    await expect(page.locator('main pre').textContent()).resolves.toBe(HOSTILE);
    await expect(page.locator('main img, main script').count()).resolves.toBe(0);
  });

  test('has no button for what a session may not do', async () => {
    const tenant = newTenant();
    await subscribed(tenant);
    const page = await openFor(tenant, { scopes: ['subscriptions:read'] });
    await link(page, 'CRM').waitFor();
    await expect(link(page, 'New subscription').count()).resolves.toBe(0);
    await expect(link(page, 'Events').count()).resolves.toBe(0);
    await link(page, 'CRM').click();
    await link(page, 'Attempts').waitFor();
    for (const name of ['Pause', 'Disable', 'Delete']) await expect(button(page, name).count()).resolves.toBe(0);
    for (const name of ['Secret', 'Settings', 'Test']) await expect(link(page, name).count()).resolves.toBe(0);
  });

  test('says where one is, to those who do not see it as well', async () => {
    const page = await openFor(newTenant());
    await link(page, 'Event types').click();
    await link(page, 'Guest.Created').click();
    await page.getByText('Sample of its data').waitFor();
    expect(await page.title()).toBe('Webhooks · event-types · Guest.Created');
    expect(await page.evaluate('document.activeElement?.tagName')).toBe('MAIN');
  });

  test('links to nothing that a session may not see', async () => {
    const tenant = newTenant();
    await subscribed(tenant, { url: fails.url, retry: { delays_seconds: [] } });
    await api.publish(tenant, { event_type: 'Guest.Deleted', event_id: 'lost', data: { id: 'g1' } });
    await becomes(tenant, 'lost', 'dead');
    const page = await openFor(tenant, { scopes: ['subscriptions:read'] });
    await link(page, 'CRM').click();
    await link(page, 'Dead letters').click();
    await page.getByText('every retry failed').waitFor();
    await expect(link(page, 'Guest.Deleted').count()).resolves.toBe(0);
  });

  test('lasts as long as the service says, however wrong the clock of the reader is', async () => {
    const { url } = await sessionFor(newTenant());
    const one = await openPage(browser, 'about:blank');
    opened.push(one);
    await one.page.clock.install({ time: new Date(Date.now() + 3_600_000) });
    await one.page.goto(url);
    await one.page.getByText('There is none yet.').waitFor();
    await one.page.getByText('15 minutes left').waitFor();
    await one.page.clock.fastForward('15:01');
    await one.page.getByText('This session is over').waitFor();
  });

  test('says in words of its own what the gateway says in another form, and what does not answer', async () => {
    const page = await openFor(newTenant());
    await page.route('**/subscriptions*', (route) =>
      route.fulfill({ status: 429, json: { message: 'Too Many Requests' } }),
    );
    await button(page, 'New subscription').or(link(page, 'New subscription')).click();
    await link(page, 'Subscriptions').click();
    await page.getByText('There are too many requests at the moment.').waitFor();
    await page.unrouteAll();
    await page.route('**/event-groups', (route) => route.fulfill({ status: 503 }));
    await link(page, 'Event types').click();
    await page.getByText('The service does not answer as it should (503).').waitFor();
    await page.unrouteAll();
    await page.route('**/events*', (route) => route.abort());
    await link(page, 'Events').click();
    await page.getByText('The service cannot be reached.').waitFor();
  });

  test('says so when a session is over, or was none', async () => {
    const page = await open(`${system.url}/portal#token=pst_nothing`);
    await page.getByText('This session is over').waitFor();
    await page.goto(`${system.url}/portal`);
    await page.getByText('This page needs a link of its own').waitFor();
    const { url } = await sessionFor(newTenant());
    // The same tab, and nothing but another fragment.
    await page.goto(url);
    await page.getByText('There is none yet.').waitFor();
  });

  test('asks for each thing once', async () => {
    const tenant = newTenant();
    const id = await subscribed(tenant);
    const { url } = await sessionFor(tenant);
    const page = await open(url);
    await link(page, 'CRM').click();
    await page.getByText('Nothing was sent yet.').waitFor();
    await page.getByText('some two minutes behind').waitFor();
    const of = `${system.url}/v1/tenants/${tenant}/subscriptions`;
    expect(opened[0]?.requests.filter((request) => request.includes('/v1/')).toSorted()).toEqual([
      `GET ${system.url}/v1/me`,
      `GET ${of}`,
      `GET ${of}/${id}`,
      `GET ${of}/${id}/attempts`,
      `GET ${of}/${id}/stats`,
    ]);
  });

  test('follows a list to its end', async () => {
    const tenant = newTenant();
    await Promise.all(Array.from({ length: 55 }, (_, i) => subscribed(tenant, { name: `no ${i}` })));
    const page = await openFor(tenant);
    await rows(page).first().waitFor();
    await expect(rows(page).count()).resolves.toBe(50);
    await button(page, 'Show more').click();
    await until(async () => (await rows(page).count()) === 55);
    await expect(button(page, 'Show more').count()).resolves.toBe(0);
  });

  describe.each([{ colorScheme: 'light' }, { colorScheme: 'dark' }] as const)('$colorScheme', ({ colorScheme }) => {
    test('can be used by everybody, and on a phone', async () => {
      const tenant = newTenant();
      const id = await subscribed(tenant, { name: 'CRM', description: 'What the front desk works with.' });
      await api.publish(tenant, { event_type: 'Guest.Deleted', event_id: 'seen', data: { id: 'g1' } });
      await becomes(tenant, 'seen', 'delivered');
      const { url } = await sessionFor(tenant);
      const page = await open(url, { colorScheme, viewport: { width: 390, height: 800 } });
      const places = [
        '',
        'subscriptions/new',
        ...['attempts', 'waiting', 'dead-letters', 'replays', 'test', 'secret', 'settings'].map(
          (tab) => `subscriptions/${id}/${tab}`,
        ),
        'events',
        'events/seen',
        'event-types',
        'event-types/Guest.Created',
      ];
      const expectUsable = async (what: string): Promise<void> => {
        expect([what, await barriersOn(page)]).toEqual([what, []]);
        const overhang = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect([what, overhang]).toEqual([what, 0]);
      };
      for (const place of places) {
        // Another document, so that nothing of the place before is judged.
        await page.goto('about:blank');
        await page.goto(url);
        await page.goto(`${system.url}/portal#/${place}`);
        await page.locator('h1').waitFor();
        await page.waitForLoadState('networkidle');
        await expect(page.getByText('Loading …').count()).resolves.toBe(0);
        await expectUsable(place);
      }
      await page.goto(`${system.url}/portal#/subscriptions/${id}`);
      await button(page, 'Delete').click();
      await page.getByRole('dialog').waitFor();
      await expectUsable('a question');
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await page.goto(`${system.url}/portal#/subscriptions/new`);
      await page.getByLabel('URL').fill('https://user:secret@example.com/');
      await page.getByLabel('All events').check();
      await button(page, 'Subscribe').click();
      await page.getByRole('alert').waitFor();
      await expectUsable('a refusal');
      await page.getByLabel('URL').fill(works.url);
      await button(page, 'Subscribe').click();
      await page.locator('.copyable').waitFor();
      await expectUsable('a new secret');
      await page.goto('about:blank');
      await page.goto(`${system.url}/portal#token=pst_nothing`);
      await page.getByText('This session is over').waitFor();
      await expectUsable('the end');
    });
  });
});

/** In what a subscriber answers, and in names. */
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
