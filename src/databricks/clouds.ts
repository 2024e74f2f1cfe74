/** The cloud that a workspace runs on, as its host tells; `undefined` where that tells none but AWS, or has a name of its own. */
export function cloudOf(host: string): 'Azure' | 'Google Cloud' | undefined {
  if (/\.(?:azuredatabricks\.net|databricks\.azure\.(?:us|cn))(?::\d+)?$/i.test(host)) return 'Azure';
  return /\.gcp\.databricks\.com(?::\d+)?$/i.test(host) ? 'Google Cloud' : undefined;
}
