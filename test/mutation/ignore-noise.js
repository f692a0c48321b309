import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** These make an error of what they are told. */
const MAKES_ERROR = /Error$|^(?:malformed|nonsense|refuted|readToken|readLifetime)$/;

/** Why a node is not mutated; `undefined` for all that are. */
function shouldIgnore({ node, key, parent }) {
  if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return undefined;
  if (parent.type === 'NewExpression' || parent.type === 'CallExpression') {
    const message = parent.arguments.findLast(
      ({ type }) => type === 'StringLiteral' || type === 'TemplateLiteral',
    );
    if (MAKES_ERROR.test(parent.callee.name) && node === message) return 'the wording of an error';
  }
  if (parent.type === 'BinaryExpression' && parent.left.operator === 'typeof' && key === 'right')
    return 'the same as a condition that is never true';
  return undefined;
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'noise', { shouldIgnore })];
