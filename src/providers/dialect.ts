import type { OptionReader } from '../config.js';
import type { Dialect, RequestRules, StandardError, SuccessRule } from '../dialect.js';
import type { UserCall } from '../provider.js';

/** Reads one member; `undefined` where it was not given. */
type ReadMember<Value> = (read: OptionReader, name: string) => Value | undefined;
/** How each member of a part is read: all of them, so that none is mistyped in silence. */
type Members<Part> = { readonly [Name in keyof Part]-?: ReadMember<NonNullable<Part[Name]>> };

/** Reads the option `dialect`, and everything in it. */
export function readDialect(options: OptionReader): Dialect {
  return part(dialectMembers)(options, 'dialect') ?? Object.freeze({});
}

/** Reads the calls that say who the user is. Default: one GET of `userinfo`. */
export function readUserCalls(identity: OptionReader): readonly UserCall[] {
  const calls = identity.groups('calls', "give an array of calls, such as [{ endpoint: 'userinfo' }]");
  return Object.freeze(calls?.map((call) => readMembers(callMembers, call)) ?? [Object.freeze({})]);
}

function readMembers<Part extends object>(members: Members<Part>, read: OptionReader): Part {
  const entries = Object.entries<ReadMember<unknown>>(members)
    .map(([name, readMember]) => [name, readMember(read, name)] as const)
    .filter(([, value]) => value !== undefined);
  read.end();
  return Object.freeze(Object.fromEntries(entries)) as Part;
}

function part<Part extends object>(members: Members<Part>): ReadMember<Part> {
  return (read, name) => (read.any(name) === undefined ? undefined : readMembers(members, read.group(name)));
}

function oneOf<const Value extends string>(...values: readonly [Value, ...Value[]]): ReadMember<Value> {
  return (read, name) => (read.any(name) === undefined ? undefined : read.oneOf(name, values, values[0]));
}

function text(fix: string): ReadMember<string> {
  return (read, name) => read.optionalString(name, fix);
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the hook takes and returns
const hook: ReadMember<any> = (read, name) => read.function(name, 'give a function');

const names: ReadMember<Readonly<Record<string, string>>> = (read, name) =>
  read.any(name) === undefined ? undefined : read.record(name, 'give an object of strings');

/** A list, and no string that could be meant as a list of several. */
function list(fix: string, none: 'may be empty' | 'is not empty'): ReadMember<readonly string[]> {
  return (read, name) => {
    const value = read.any(name);
    if (value !== undefined && !Array.isArray(value)) throw read.wrong(name, value, fix);
    return none === 'may be empty' ? read.stringsOrNone(name, fix) : read.strings(name, fix);
  };
}

const omit = list("give an array of parameters, such as ['redirect_uri']", 'may be empty');
const found = list('give an array of names, of which the first that is there counts', 'may be empty');
const envelope = list("give the path to the member that holds the answer, such as ['data']", 'may be empty');
const path = list("give the path to a member as an array, such as ['data']", 'is not empty');
const scopeDelimiter = text("give what stands between scopes, such as ','");
const endpoint = text("give the key of a URL among the 'endpoints'");

const success: ReadMember<SuccessRule> = (read, name) => {
  if (read.any(name) === undefined) return undefined;
  const group = read.group(name);
  const rule = readMembers<SuccessRule>(
    {
      path,
      values: list("give an array of values, as strings, such as ['0']", 'is not empty'),
      absent: (group, name) => (group.any(name) === undefined ? undefined : group.boolean(name, false)),
    },
    group,
  );
  if (rule.path === undefined) throw group.missing('path', "give the path to a member, such as ['code']");
  if (rule.values === undefined)
    throw group.missing('values', "give the values that mean success, such as ['0']");
  return rule;
};

const standardErrors: Readonly<Record<StandardError, true>> = {
  access_denied: true,
  invalid_client: true,
  invalid_grant: true,
  invalid_request: true,
  invalid_scope: true,
  server_error: true,
  temporarily_unavailable: true,
  unauthorized_client: true,
  unsupported_grant_type: true,
};

const errorMap: ReadMember<Readonly<Record<string, StandardError>>> = (read, name) => {
  const map = names(read, name);
  for (const [code, error] of Object.entries(map ?? {})) {
    if (Object.hasOwn(standardErrors, error)) continue;
    throw read.unfit(`${name}.${code}`, error, `give one of ${Object.keys(standardErrors).join(', ')}`);
  }
  return map as Readonly<Record<string, StandardError>> | undefined;
};

const requestMembers: Members<RequestRules> = {
  rename: names,
  omit,
  add: names,
  encoding: oneOf('form', 'json', 'query'),
  method: oneOf('POST', 'GET'),
  endpoint,
};

const request: ReadMember<RequestRules> = (read, name) => {
  const rules = part(requestMembers)(read, name);
  if (rules?.method === 'GET' && rules.encoding !== 'query') {
    throw read.conflict(`'${name}' has the method GET, which carries no body. Add encoding: 'query'.`);
  }
  return rules;
};

const dialectMembers: Members<Dialect> = {
  authorization: part<NonNullable<Dialect['authorization']>>({ rename: names, omit, scopeDelimiter }),
  callback: part<NonNullable<Dialect['callback']>>({ rename: names }),
  request,
  refresh: request,
  revocation: request,
  answer: part<NonNullable<Dialect['answer']>>({
    envelope,
    success,
    accessToken: found,
    refreshToken: found,
    expiresIn: found,
    expiresAt: found,
    refreshExpiresIn: found,
    scopeDelimiter,
  }),
  error: part<NonNullable<Dialect['error']>>({ code: found, requestId: found, map: errorMap }),
  hooks: part<NonNullable<Dialect['hooks']>>({
    authorizationUrl: hook,
    callback: hook,
    request: hook,
    response: hook,
  }),
};

const callMembers: Members<UserCall> = {
  endpoint,
  method: oneOf('GET', 'POST'),
  params: names,
  envelope,
  success,
  denied: found,
};
