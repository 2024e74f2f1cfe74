import type { JsonObject, JsonValue } from '../../src/lib/json.ts';

/** A request whose content has one field that is missing or odd. */
export interface RequestVariant {
  readonly name: string;
  readonly type: string;
  /** As JSON text, which can say what an object in JavaScript cannot. */
  readonly content: string;
  readonly replyType: string | undefined;
}

/** A content of each type that is all right, with every field that the protocol knows. */
const contents: Readonly<Record<string, JsonObject>> = {
  execute_request: { code: 'x', silent: false, store_history: true, user_expressions: { a: '1' }, allow_stdin: false, stop_on_error: false },
  inspect_request: { code: 'known', cursor_pos: 1, detail_level: 0 },
  complete_request: { code: 'wor', cursor_pos: 3 },
  history_request: { hist_access_type: 'range', output: true, raw: true, session: 0, start: 0, stop: 5, n: 3, pattern: '*', unique: true },
  is_complete_request: { code: 'x' },
  comm_info_request: { target_name: 'x' },
  kernel_info_request: { any: 1 },
  interrupt_request: { any: 1 },
  shutdown_request: { restart: false },
  comm_open: { comm_id: 'c', target_name: 't', data: {} },
  comm_msg: { comm_id: 'c', data: {} },
  comm_close: { comm_id: 'c', data: {} },
};

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** JSON texts. */
const odd: Readonly<Record<string, string>> = {
  null: 'null', true: 'true', zero: '0', 'minus one': '-1', 'a fraction': '1.5', 'a number beyond 2^53': '9007199254740993', 'a number beyond all': '1e999',
  'an empty text': '""', 'a text': '"x"', 'half a character': '"\\ud800"', 'a zero character': '"\\u0000"', 'a long text': JSON.stringify('x'.repeat(100_000)),
  'a list': '[1]', 'an object': '{"a": 1}', 'an object of lists': '{"a": [], "b": {}}', 'a prototype': '{"__proto__": "x", "constructor": "y", "toString": "z"}',
  'ten thousand lists in one another': deep(10_000),
};

const unknownTypes = ['debug_request', 'create_subshell_request', 'usage_request', 'connect_request', 'execute_reply', 'input_request', '__proto__', 'toString', '', '💥', '_request', 'a\nb_request'];

/** Every request with every field missing, null and of every other kind; what would end the kernel is left out. */
export function requestVariants(): readonly RequestVariant[] {
  const known = Object.entries(contents).flatMap(([type, content]) =>
    Object.keys(content).flatMap((field) => {
      const { [field]: _, ...others } = content;
      const rest = JSON.stringify(others).slice(1, -1);
      const withValue = (json: string) => `{${rest}${rest ? ',' : ''}${JSON.stringify(field)}:${json}}`;
      return [
        { name: `${type} without ${field}`, type, content: `{${rest}}`, replyType: replyTo(type) },
        { name: `${type} with ${field} twice`, type, content: withValue(`1,${JSON.stringify(field)}:${JSON.stringify(content[field] as JsonValue)}`), replyType: replyTo(type) },
        ...Object.entries(odd).map(([what, json]) => ({ name: `${type} with ${what} as ${field}`, type, content: withValue(json), replyType: replyTo(type) })),
      ];
    }),
  );
  const unknown = unknownTypes.map((type) => ({ name: `the unknown ${JSON.stringify(type)}`, type, content: '{}', replyType: undefined }));
  return [...known, ...unknown].filter(({ type, content }) => !(type === 'shutdown_request' && endsTheKernel(content)));
}

function endsTheKernel(content: string): boolean {
  const { restart } = JSON.parse(content) as { restart?: unknown };
  return restart === undefined || restart === null || typeof restart === 'boolean';
}

function replyTo(type: string): string | undefined {
  return type.endsWith('_request') ? type.replace('_request', '_reply') : undefined;
}
