import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FakeMachine } from './fake-programs.ts';
import { databricksCli, printToken } from './fake-programs.ts';
import { offerTokens } from './login-place.ts';
import type { Answer, ScriptedServer, SeenRequest } from './scripted-server.ts';

/** One secret for each place that may hold one; each can be told from all others wherever it turns up. */
export const secrets = {
  token: 'dapi0planted0token',
  password: `planted "password"  <#;ü>'\\`,
  clientSecret: 'dose0planted0client0secret',
  oauthToken: 'eyJhbGciOiJub25lIn0.cGxhbnRlZC1vYXV0aA.c2ln',
  cliToken: 'eyJhbGciOiJub25lIn0.cGxhbnRlZC1jbGk.c2ln',
  azureToken: 'eyJhbGciOiJub25lIn0.cGxhbnRlZC1hemQ.c2ln',
  metadataToken: 'eyJhbGciOiJub25lIn0.cGxhbnRlZC1tZXRh.c2ln',
  metadataPath: '/planted-path-of-metadata',
  netrcPassword: 'planted-netrc-password',
  proxyPassword: 'planted-proxy-password',
  hostPassword: 'planted-host-password',
} as const;

const users = ['me', 'the-id', 'token', 'proxy-user'];

/** Every form in which a secret travels. */
const forms = Object.entries(secrets).flatMap(([name, secret]): [string, string][] => [
  [name, secret],
  [`${name}, encoded`, encodeURIComponent(secret)],
  // Whatever was done to its signs, these words are it.
  ...secret.split(/[^\w.-]+/).filter((word) => word.includes('planted')).map((word): [string, string] => [`part of ${name}`, word]),
  [`${name} in JSON`, JSON.stringify(secret).slice(1, -1)],
  ...[secret, ...users.map((user) => `${user}:${secret}`)].map((text): [string, string] => [`${name} in base64`, Buffer.from(text).toString('base64').replace(/=+$/, '')]),
]);

/** The names of the secrets that stand in a text, in whatever form. */
export function leaksIn(text: string): readonly string[] {
  return [...new Set(forms.filter(([, form]) => text.includes(form)).map(([name]) => name))];
}

/** The profiles of `.databrickscfg`, named as the kind of their login; `HOST` stands for the server's address. */
const profiles = {
  pat: { token: secrets.token },
  basic: { username: 'me', password: secrets.password },
  'oauth-m2m': { client_id: 'the-id', client_secret: secrets.clientSecret },
  'metadata-service': { metadata_service_url: `HOST${secrets.metadataPath}` },
} as const;

/** Each kind of login by the settings that choose it; `HOST` stands for the server's address. Those of a profile begin with its kind, too. */
export const logins: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pat: { DATABRICKS_TOKEN: secrets.token },
  basic: { DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: secrets.password },
  'oauth-m2m': { DATABRICKS_CLIENT_ID: 'the-id', DATABRICKS_CLIENT_SECRET: secrets.clientSecret },
  'databricks-cli': { DATABRICKS_AUTH_TYPE: 'databricks-cli' },
  'azure-cli': { DATABRICKS_AUTH_TYPE: 'azure-cli', DATABRICKS_AZURE_RESOURCE_ID: '/subscriptions/1' },
  'metadata-service': { DATABRICKS_METADATA_SERVICE_URL: `HOST${secrets.metadataPath}` },
  netrc: { DATABRICKS_AUTH_TYPE: 'netrc' },
  ...Object.fromEntries(Object.keys(profiles).map((kind) => [`${kind} of a profile`, { DATABRICKS_CONFIG_PROFILE: kind }])),
};

const later = '2999-01-01T00:00:00Z';

/** What gives the tokens, and the profiles. */
export async function plant(server: ScriptedServer, machine: FakeMachine): Promise<void> {
  offerTokens(server, { json: { access_token: secrets.oauthToken, expires_in: 3600 } });
  server.on(`GET ${secrets.metadataPath}`, { json: { access_token: secrets.metadataToken, expires_on: 32472144000 } });
  await machine.install('databricks', databricksCli('1.0.0', printToken(secrets.cliToken, later)));
  await machine.install('az', `echo '{"accessToken": "${secrets.azureToken}", "expiresOn": "2999-01-01 00:00:00.000000"}'`);
  await writeFile(join(machine.home, '.netrc'), `machine 127.0.0.1 login token password ${secrets.netrcPassword}`);
  const sections = Object.entries(profiles).map(([name, keys]) => [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ''].join('\n'));
  await writeFile(join(machine.home, '.databrickscfg'), sections.join('\n').replace('HOST', server.url.origin));
}

/** All that a request carries, decoded too, as a server may repeat it. */
function repeated({ headers, path, body }: SeenRequest): string {
  const { authorization = '' } = headers;
  const [, code = ''] = authorization.split(' ');
  return `${path} ${authorization} ${Buffer.from(code, 'base64').toString()} ${body}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Every way in which a server fails and repeats what it was given. */
export const failures: Readonly<Record<string, (request: SeenRequest) => Answer>> = {
  'a 401 that repeats the login': (request) => ({ status: 401, json: { error: `Invalid access token: ${repeated(request)}` } }),
  'a 403 in the words of API 2.x': (request) => ({ status: 403, json: { error_code: 'PERMISSION_DENIED', message: repeated(request) } }),
  'a 500 that repeats it': (request) => ({ status: 500, json: { error: `RuntimeException: ${repeated(request)}` } }),
  'a 400 that repeats it as text': (request) => ({ status: 400, text: repeated(request), headers: { 'content-type': 'text/plain' } }),
  'a web page that repeats it': (request) => ({ status: 502, text: `<html><pre>${escaped(repeated(request))}</pre></html>`, headers: { 'content-type': 'text/html' } }),
  'a web page that repeats it as it is': (request) => ({ status: 502, text: `<html><pre>${repeated(request)}</pre></html>`, headers: { 'content-type': 'text/html' } }),
  'an answer that is no JSON and repeats it': (request) => ({ text: `oops ${repeated(request)}` }),
  'JSON that is cut off after it': (request) => ({ status: 500, text: `{"error": ${JSON.stringify(repeated(request))}` }),
  'JSON of signs below 128': (request) => ({ status: 500, text: JSON.stringify({ error: repeated(request) }).replace(/[\u0080-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`) }),
  'a long refusal with it at the place where it is cut': (request) => ({ status: 500, text: `${'x'.repeat(990)} ${repeated(request)}` }),
  'a redirect that carries it on': (request) => ({ status: 302, text: '', headers: { location: `https://login.test/?next=${encodeURIComponent(repeated(request))}` } }),
  'a broken connection': () => 'reset',
  'half an answer': () => 'half',
};
