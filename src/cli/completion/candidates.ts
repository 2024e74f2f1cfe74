import type { Command, Option } from 'commander';

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What a shell offers: words, or the names of files, which it knows better. */
export type Offer = readonly Candidate[] | 'files';

/** Values of options, by the names of these, that the commands themselves do not know. */
export type KnownValues = Readonly<Record<string, () => readonly string[]>>;

/**
 * What may stand in the place of the last of `words`, which is begun or empty; `program` itself is not among them. Read from the commands
 * and `known` alone: no server is asked. A value named `<file>` or `<dir>` is a file's name.
 */
export function candidates(program: Command, words: readonly string[], known: KnownValues = {}): Offer {
  const current = words.at(-1) ?? '';
  const place = placeAfter(program, words.slice(0, -1));
  if (place.option !== undefined) return begunWith(current, valuesOf(place.option, known));
  const [, flag, begun] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (flag !== undefined && begun !== undefined && !place.onlyArguments) {
    const values = valuesOf(findOption(place.command, flag), known);
    return values === 'files' ? values : begunWith(current, values.map((value) => ({ ...value, value: `${flag}=${value.value}` })));
  }
  const options = place.onlyArguments ? [] : optionsOf(place.command);
  if (current.startsWith('-') && !place.onlyArguments) return begunWith(current, options);
  const following = wordsAt(place);
  // Where no word can follow, options can.
  const onlyOptions = following !== 'files' && following.length === 0 && current === '' && place.command.commands.length === 0;
  return onlyOptions ? options : begunWith(current, following);
}

/** Where a command line has got to. */
interface Place {
  readonly command: Command;
  /** How many arguments of the command stand there already. */
  readonly given: number;
  /** Waits for its value. */
  readonly option: Option | undefined;
  /** After `--`. */
  readonly onlyArguments: boolean;
}

function placeAfter(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, given: 0, option: undefined, onlyArguments: false };
  // bash gives `--option=value` as three words.
  for (const word of words.filter((one) => one !== '=')) place = step(place, word);
  return place;
}

function step(place: Place, word: string): Place {
  if (place.option !== undefined) return { ...place, option: undefined };
  if (!place.onlyArguments && word === '--') return { ...place, onlyArguments: true };
  if (!place.onlyArguments && word.startsWith('-') && word !== '-') {
    const option = findOption(place.command, word);
    return { ...place, option: option?.required === true ? option : undefined };
  }
  const command = place.given === 0 && !place.onlyArguments ? place.command.commands.find((one) => one.name() === word || one.aliases().includes(word)) : undefined;
  return command === undefined ? { ...place, given: place.given + 1 } : { ...place, command };
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.createHelp().visibleOptions(command).find(({ long, short }) => flag === long || flag === short);
}

function wordsAt({ command, given }: Place): Offer {
  if (command.commands.length > 0) return given > 0 ? [] : command.createHelp().visibleCommands(command).map((one) => ({ value: one.name(), description: one.description() }));
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return [];
  return isFile(argument.name()) ? 'files' : (argument.argChoices ?? []).map((value) => ({ value, description: argument.description }));
}

function optionsOf(command: Command): readonly Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, short, description }) => (long ?? short) === undefined ? [] : [{ value: long ?? short ?? '', description }]);
}

function valuesOf(option: Option | undefined, known: KnownValues): Offer {
  const [, name = ''] = /[<[]([^>\]]+)[>\]]/.exec(option?.flags ?? '') ?? [];
  return isFile(name) ? 'files' : (option?.argChoices ?? known[option?.attributeName() ?? '']?.() ?? []).map((value) => ({ value, description: '' }));
}

function isFile(name: string): boolean {
  return /^(?:file|dir)$/i.test(name);
}

function begunWith(current: string, offer: Offer): Offer {
  return offer === 'files' ? offer : offer.filter(({ value }) => value.startsWith(current));
}
