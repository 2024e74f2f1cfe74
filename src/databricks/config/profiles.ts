/** The sections of a `.databrickscfg`, by name. */
export type Profiles = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The text of a file, UTF-8 unless its first bytes tell that it is UTF-16, which some editors and shells of Windows write. */
export function decodeProfiles(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * Reads the INI dialect of `~/.databrickscfg` as the vendor's SDKs do: a comment is a line that begins with `#` or `;`, or what follows
 * a space and one of them, because passwords may hold both signs. (The `ini` package cuts values at them and splits names at dots.)
 */
export function parseProfiles(text: string): Profiles {
  const profiles = new Map<string, Map<string, string>>();
  // Entries before the first header belong to no profile.
  let section = new Map<string, string>();
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const content = line.replace(/(^|\s)[#;].*$/, '').trim();
    const name = /^\[(.*)\]$/.exec(content)?.[1]?.trim();
    if (name !== undefined) {
      section = profiles.get(name) ?? new Map<string, string>();
      profiles.set(name, section);
      continue;
    }
    const [, key, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(content) ?? [];
    if (key !== undefined && value !== undefined) section.set(key.toLowerCase(), unquoted(value));
  }
  return profiles;
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
}
