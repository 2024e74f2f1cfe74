/** What a User-Agent tells of the machine. */
export interface UserAgentFacts {
  /** Of this program. */
  readonly version: string;
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where programs are built and tested, by the variables that tell so; '' is any value (databricks-sdk-py, `useragent.py`). */
const ciProviders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'aws-code-build': { CODEBUILD_BUILD_ARN: '' },
  'azure-devops': { TF_BUILD: 'True' },
  bitbucket: { BITBUCKET_BUILD_NUMBER: '' },
  circle: { CIRCLECI: 'true' },
  github: { GITHUB_ACTIONS: 'true' },
  gitlab: { GITLAB_CI: 'true' },
  'google-cloud-build': { PROJECT_ID: '', BUILD_ID: '', PROJECT_NUMBER: '', LOCATION: '' },
  jenkins: { JENKINS_URL: '' },
  'tf-cloud': { TFC_RUN_ID: '' },
  travis: { TRAVIS: 'true' },
};

/**
 * As the vendor's SDKs write it: product first, then what the vendor's statistics know how to read. `DATABRICKS_SDK_UPSTREAM` and
 * `DATABRICKS_SDK_UPSTREAM_VERSION` name a program that uses this one. The kind of login is added by whoever sends it.
 */
export function userAgent({ version, nodeVersion, platform, env }: UserAgentFacts): string {
  const parts = [`databricks-kernel/${version}`, `node/${nodeVersion}`, `os/${platform === 'win32' ? 'windows' : platform}`];
  const { DATABRICKS_SDK_UPSTREAM: upstream, DATABRICKS_SDK_UPSTREAM_VERSION: upstreamVersion } = env;
  if (upstream && upstreamVersion) parts.push(`upstream/${plain(upstream)}`, `upstream-version/${plain(upstreamVersion)}`);
  const provider = Object.entries(ciProviders).find(([, variables]) => Object.entries(variables).every(([name, value]) => (value === '' ? env[name] !== undefined : env[name] === value)));
  if (provider !== undefined) parts.push(`cicd/${provider[0]}`);
  return parts.join(' ');
}

/** Of the signs that such a word may have; others would begin a new word, or no header at all. */
function plain(word: string): string {
  return word.replace(/[^\w.+-]/g, '-');
}
