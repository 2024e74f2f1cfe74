import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { findBrowser, noBrowser, startBrowser } from '../support/browser.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { skip } from '../support/skip.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* What a web page that the user looks at can do to the workspace: nothing. In a real browser, which even knows the login. */

const rebound = 'rebound.example';

let program = '';
let browser: Browser | undefined;
beforeAll(async () => {
  const executable = await findBrowser();
  if (executable === undefined) return;
  program = await buildWorkspaceProgram();
  // A name of the page's owner, which now leads here.
  browser = await startBrowser(executable, [`--host-resolver-rules=MAP ${rebound} 127.0.0.1`]);
});
beforeEach((context) => {
  if (browser === undefined) skip(context, noBrowser);
});
afterAll(async () => {
  await browser?.close();
  if (program !== '') await rm(dirname(program), { recursive: true, force: true });
});

/** A page of a browser in which somebody has logged in to the workspace, and the statuses that the workspace answers it with, by what was asked. */
async function openPage({ token, url }: WorkspaceState): Promise<{ page: Page; answers: Map<string, number> }> {
  if (browser === undefined) throw new Error(noBrowser);
  const context = await browser.newContext({ httpCredentials: { username: 'token', password: token } });
  context.setDefaultTimeout(280_000);
  const page = await context.newPage();
  const answers = new Map<string, number>();
  // Below the page, from which the browser keeps some of the answers.
  const network = await context.newCDPSession(page);
  // The two come from different processes, in any order.
  const [asked, answered] = [new Map<string, string>(), new Map<string, number>()];
  const join = (requestId: string) => {
    const [what, status] = [asked.get(requestId) ?? '', answered.get(requestId)];
    if (status !== undefined && /^[A-Z]+ \//.test(what)) answers.set(what, status);
  };
  network.on('Network.requestWillBeSent', ({ requestId, request }) => {
    asked.set(requestId, `${request.method} ${request.url.replace(url, '')}`);
    join(requestId);
  });
  network.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    answered.set(requestId, statusCode);
    join(requestId);
  });
  await network.send('Network.enable');
  return { page, answers };
}

async function expectUntouched(home: WorkspaceHome, state: WorkspaceState): Promise<void> {
  expect((await home.call(state, '/workspace')).body).toMatchObject({ contexts: 0, clusters: [{ id: state.clusterId, status: 'Running' }] });
  expect(await home.state()).toEqual(state);
}

test('a web page of another origin reaches it with no form, picture, script or request', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start();
  await using site = await startScriptedServer();
  const create = `language=sql&clusterId=${state.clusterId}`;
  const form = (name: string, path: string, type: string) => `<iframe name="${name}"></iframe><form id="${name}" target="${name}" method="post" enctype="${type}" action="${state.url}${path}">
    <input name="language" value="sql"><input name="clusterId" value="${state.clusterId}"></form>`;
  const html = `<!doctype html>${form('plain', '/api/1.2/contexts/create?by=form', 'application/x-www-form-urlencoded')}
    ${form('parts', '/api/1.2/contexts/create?by=parts', 'multipart/form-data')}${form('words', '/api/1.2/contexts/create?by=words', 'text/plain')}${form('stop', '/workspace/stop', 'application/x-www-form-urlencoded')}
    <img src="${state.url}/api/1.2/clusters/list?by=img"><script src="${state.url}/workspace?by=script"></script><link rel="stylesheet" href="${state.url}/workspace?by=style">
    <iframe src="${state.url}/workspace?by=frame"></iframe>
    <script>
      const send = (by, options) => fetch('${state.url}/api/1.2/contexts/create?by=' + by, { method: 'POST', credentials: 'include', body: new URLSearchParams('${create}'), ...options }).then((answer) => answer.type, () => 'refused');
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ language: 'sql', clusterId: '${state.clusterId}' }) };
      for (const form of document.forms) form.submit();
      navigator.sendBeacon('${state.url}/api/1.2/contexts/create?by=beacon', new URLSearchParams('${create}'));
      window.done = Promise.all([send('opaque', { mode: 'no-cors' }), send('cors', {}), send('json', json), send('get', { method: 'GET', body: undefined, mode: 'no-cors' })]);
    </script>`;
  site.on('GET /page', { text: html, headers: { 'content-type': 'text/html' } });
  const { page, answers } = await openPage(state);
  await page.goto(new URL('/page', site.url).href, { waitUntil: 'networkidle' });
  // What it cannot read it is not told either.
  expect(await page.evaluate('window.done')).toEqual(['opaque', 'refused', 'refused', 'opaque']);
  const { 'OPTIONS /api/1.2/contexts/create?by=json': preflight, ...seen } = Object.fromEntries(answers);
  expect(preflight).toBe(403);
  const posts = ['form', 'parts', 'words', 'opaque', 'cors', 'beacon'].map((by) => `POST /api/1.2/contexts/create?by=${by}`);
  const gets = ['/api/1.2/clusters/list?by=img', '/workspace?by=script', '/workspace?by=style', '/workspace?by=frame', '/api/1.2/contexts/create?by=get'].map((path) => `GET ${path}`);
  expect(seen).toEqual(Object.fromEntries([...posts, 'POST /workspace/stop', ...gets].map((asked) => [asked, 403])));
  await expectUntouched(home, state);
  // The same from a program is done.
  await home.createContext(state);
  expect((await home.call(state, '/workspace')).body).toMatchObject({ contexts: 1 });
});

test('a web page whose own name was turned to this machine is not answered under it', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start();
  const { page } = await openPage(state);
  const { port } = new URL(state.url);
  const answer = await page.goto(`http://${rebound}:${port}/api/1.2/clusters/list`);
  expect([answer?.status(), await answer?.json()]).toEqual([403, { error: expect.stringContaining('answers only as 127.0.0.1 or localhost') }]);
  const ask = `Promise.all(['/workspace', '/.well-known/databricks-config'].map((path) => fetch(path, { credentials: 'include' }).then((answer) => answer.status)))`;
  expect(await page.evaluate(ask)).toEqual([403, 403]);
  expect(await page.evaluate(`fetch('/workspace/stop', { method: 'POST', credentials: 'include' }).then((answer) => answer.status)`)).toBe(403);
  await expectUntouched(home, state);
});
