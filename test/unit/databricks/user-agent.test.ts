import { expect, test } from 'vitest';
import { userAgent } from '../../../src/databricks/user-agent.ts';

const ours = 'databricks-kernel/1.2.3 node/20.1.0 os/linux';

test.for<[env: Record<string, string>, expected: string]>([
  [{}, ours],
  [{ DATABRICKS_SDK_UPSTREAM: 'my-tool', DATABRICKS_SDK_UPSTREAM_VERSION: '0.1.0' }, `${ours} upstream/my-tool upstream-version/0.1.0`],
  [{ DATABRICKS_SDK_UPSTREAM: 'my-tool' }, ours],
  [{ DATABRICKS_SDK_UPSTREAM: 'a b/c\r\nX: y', DATABRICKS_SDK_UPSTREAM_VERSION: 'é' }, `${ours} upstream/a-b-c--X--y upstream-version/-`],
  [{ GITHUB_ACTIONS: 'true' }, `${ours} cicd/github`],
  [{ GITHUB_ACTIONS: 'false' }, ours],
  [{ JENKINS_URL: 'http://x' }, `${ours} cicd/jenkins`],
  [{ PROJECT_ID: '1', BUILD_ID: '1' }, ours],
  [{ PROJECT_ID: '1', BUILD_ID: '1', PROJECT_NUMBER: '1', LOCATION: 'x' }, `${ours} cicd/google-cloud-build`],
  [{ TF_BUILD: 'True', GITHUB_ACTIONS: 'true' }, `${ours} cicd/azure-devops`],
])('%j makes %s', ([env, expected]) => {
  expect(userAgent({ version: '1.2.3', nodeVersion: '20.1.0', platform: 'linux', env })).toBe(expected);
});

test('Windows has the name that the SDKs give it', () => {
  expect(userAgent({ version: '1.2.3', nodeVersion: '20.1.0', platform: 'win32', env: {} })).toContain('os/windows');
});
