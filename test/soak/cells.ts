import type { KernelLanguage } from '../../src/languages/info.ts';
import type { Ledger, Token } from './ledger.ts';
import type { Random } from './random.ts';
import type { Disturbance } from './troubles.ts';

/** A cell, and what a front end must show of it when nothing goes wrong. */
export interface SoakCell {
  readonly kind: string;
  readonly token: Token;
  readonly code: string;
  /** Each output in one line, as `shownLine` tells them. */
  readonly shows: readonly RegExp[];
  /** Whether it runs on the cluster, and leaves its token in the ledger there. */
  readonly writes: boolean;
  /** What cannot have been killed shortly before where it ends as its code says. */
  readonly provesAlive: readonly Disturbance[];
}

/** Makes cells of a kind; most of them carry their token in what they show, so that a mix-up is seen. */
type Make = (token: Token, ledger: Ledger, random: Random) => { readonly code: string; readonly shows: readonly RegExp[]; readonly writes?: false };

type Kind = readonly [weight: number, name: string, make: Make];

const lines = 3000;
const longText = (token: Token) => new RegExp(`^stdout: (?:${token} \\d+\\n){${lines}}$`);

const python: readonly Kind[] = [
  [10, 'print', (token, ledger) => ({ code: `${ledger.python(token)}\nprint("${token}")`, shows: [shown('stdout', `${token}\n`)] })],
  [10, 'value', (token, ledger) => ({ code: `${ledger.python(token)}\n"${token}"`, shows: [shown('execute_result', `'${token}'`)] })],
  [6, 'table', (token, ledger) => ({ code: `${ledger.python(token)}\ndisplay(spark.range(3).selectExpr("id", "'${token}' as token"))`, shows: [table(token)] })],
  [4, 'error', (token, ledger) => ({ code: `${ledger.python(token)}\nraise ValueError("${token}")`, shows: [shown('error', `ValueError: ${token}`)] })],
  [4, 'HTML', (token, ledger) => ({ code: `${ledger.python(token)}\ndisplayHTML("<b>${token}</b>")`, shows: [shown('display_data', `<b>${token}</b>`)] })],
  [3, 'long text', (token, ledger) => ({ code: `${ledger.python(token)}\nfor i in range(${lines}): print("${token}", i)`, shows: [longText(token)] })],
  [5, 'sleep', (token, ledger, random) => ({ code: `${ledger.python(token)}\nimport time; time.sleep(${random.next() * 2}); print("${token}")`, shows: [shown('stdout', `${token}\n`)] })],
  [4, 'job', (token, ledger) => ({ code: `${ledger.python(token)}\n"${token}", spark.range(1000).selectExpr("sum(id)").first()[0]`, shows: [shown('execute_result', `('${token}', 499500)`)] })],
  [1, 'Python job', (token, ledger) => ({ code: `${ledger.python(token)}\n"${token}", sc.parallelize(range(10), 2).map(lambda n: n * n).sum()`, shows: [shown('execute_result', `('${token}', 285)`)] })],
];

const scala: readonly Kind[] = [
  [10, 'println', (token, ledger) => ({ code: `${ledger.scala(token)}; println("${token}")`, shows: [shown('stdout', `${token}\n`)] })],
  [10, 'value', (token, ledger) => ({ code: `${ledger.scala(token)}; "${token}"`, shows: [new RegExp(`^execute_result: val res\\d+: String = ${token}$`)] })],
  [6, 'table', (token, ledger) => ({ code: `${ledger.scala(token)}; display(spark.range(3).selectExpr("id", "'${token}' as token"))`, shows: [table(token)] })],
  [4, 'error', (token, ledger) => ({ code: `${ledger.scala(token)}; sys.error("${token}")`, shows: [shown('error', `java.lang.RuntimeException: ${token}`)] })],
  [5, 'sleep', (token, ledger, random) => ({ code: `${ledger.scala(token)}; Thread.sleep(${random.between(0, 2000)}); println("${token}")`, shows: [shown('stdout', `${token}\n`)] })],
  [4, 'job', (token, ledger) => ({ code: `${ledger.scala(token)}; println("${token}" + spark.range(1000).selectExpr("sum(id)").first.getLong(0))`, shows: [shown('stdout', `${token}499500\n`)] })],
];

const sql: readonly Kind[] = [
  [12, 'select', (token) => ({ code: `select '${token}' as token from range(3)`, shows: [table(token)], writes: false })],
  [8, 'insert', (token, ledger) => ({ code: `${ledger.sql(token)} select '${token}' as token`, shows: [table(token)] })],
  [4, 'error', (token) => ({ code: `select raise_error('${token}')`, shows: [new RegExp(`^error: \\w+Exception: .*${token}`)], writes: false })],
  [5, 'sleep', (token, _ledger, random) => ({ code: `select '${token}' as token, reflect('java.lang.Thread', 'sleep', ${random.between(0, 2000)}L) as slept`, shows: [table(token)], writes: false })],
];

const kinds: Readonly<Record<KernelLanguage, readonly Kind[]>> = { python, scala, sql };

/** What stands at the head of some cells, and whose cell it is then. */
const magics: readonly Kind[] = [
  [2, '%md', (token) => ({ code: `%md ${token}`, shows: [shown('display_data', token)], writes: false })],
  [1, '%lsmagic', () => ({ code: '%lsmagic', shows: [/^stdout: /], writes: false })],
  [2, '%sh', (token) => ({ code: `%sh echo ${token}`, shows: [shown('stdout', `${token}\n`)], writes: false })],
  [1, 'an unknown magic', (token) => ({ code: `%soak ${token}`, shows: [/^error: UsageError: .*%soak/], writes: false })],
];

/** A cell for a kernel of a language, any of all kinds. */
export function someCell(language: KernelLanguage, token: Token, ledger: Ledger, random: Random): SoakCell {
  if (random.chance(0.05)) return cellOf(random.choose(weighed(magics)), token, ledger, random, []);
  const others = (Object.keys(kinds) as KernelLanguage[]).filter((one) => one !== language);
  const other = random.chance(0.08) ? random.choose(others.map((one) => [1, one] as const)) : language;
  const cell = cellOf(random.choose(weighed(kinds[other])), token, ledger, random, other === 'python' ? ['workspace', 'driver', 'python'] : ['workspace', 'driver']);
  // The marker of a value is read by the language of the cell; only the head of the cell differs.
  return other === language ? cell : { ...cell, kind: `%${other} ${cell.kind}`, code: `%${other}\n${cell.code}` };
}

const weighed = (all: readonly Kind[]) => all.map((kind) => [kind[0], kind] as const);

function cellOf([, kind, make]: Kind, token: Token, ledger: Ledger, random: Random, provesAlive: SoakCell['provesAlive']): SoakCell {
  return { kind, token, provesAlive, writes: true, ...make(token, ledger, random) };
}

/** A cell that goes on for a minute unless it is interrupted; half of them in a Spark job. */
export function endlessCell(language: KernelLanguage, token: Token, ledger: Ledger, random: Random): SoakCell {
  const inJob = random.chance(0.5);
  const code = {
    python: `${ledger.python(token)}\nimport time\n${inJob ? 'spark.range(1, 2, 1, 1).selectExpr("reflect(\'java.lang.Thread\', \'sleep\', 60000L)").collect()' : 'for i in range(6000): time.sleep(0.01)'}`,
    scala: `${ledger.scala(token)}; ${inJob ? 'sc.parallelize(Seq(1), 1).foreach { _ => Thread.sleep(60000) }' : 'Thread.sleep(60000)'}`,
    sql: `select '${token}' as token, reflect('java.lang.Thread', 'sleep', 60000L) as slept`,
  }[language];
  // Nothing that it could show would be right.
  return { kind: inJob ? 'endless job' : 'endless', token, code, shows: [/(?!)/], writes: language !== 'sql', provesAlive: [] };
}

/** Keeps the token in a variable (in SQL: a temporary view). */
export function rememberingCell(language: KernelLanguage, token: Token): SoakCell {
  const [code, shows] = {
    python: [`kept = "${token}"`, []],
    scala: [`val kept = "${token}"`, [shown('stdout', `val kept: String = ${token}\n`)]],
    sql: [`create or replace temp view kept as select '${token}' as kept`, [shown('stdout', 'OK\n')]],
  }[language] as [string, RegExp[]];
  return { kind: 'remember', token, code, shows, writes: false, provesAlive: [] };
}

/** Shows the token that was kept, or that there is none. */
export function recallingCell(language: KernelLanguage, token: Token): SoakCell & { readonly none: RegExp } {
  const [code, shows, none] = {
    python: ['print(globals().get("kept"))', /^stdout: (tok\w+)\n$/, /^stdout: None\n$/],
    scala: ['println(kept)', /^stdout: (tok\w+)\n$/, /^error: .*not found: value kept/],
    sql: ['select kept from kept', /^display_data: kept\n-+\n(tok\w+)$/, /^error: AnalysisException: .*TABLE_OR_VIEW_NOT_FOUND/],
  }[language] as [string, RegExp, RegExp];
  return { kind: 'recall', token, code, shows: [shows], writes: false, provesAlive: [], none };
}

function shown(what: string, text: string): RegExp {
  return new RegExp(`^${escaped(`${what}: ${text}`)}$`);
}

function table(token: Token): RegExp {
  return new RegExp(`^display_data: .*token.*\\n[- ]+\\n[^]*${token}`);
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
