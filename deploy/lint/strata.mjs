// The house's own lint rules, as a plugin of oxlint.

/** Rules and processes of the tiers, and the kernel that they are written with. */
const ruleFile =
  /(^|\/)(apps\/(iaas|paas|saas|identity)\/src\/[^/]+\/[^/.]+(\.process|\.upcast)?|libs\/event-sourcing\/src\/[^/.]+)\.ts$/;

const clocksAndDice = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now'],
  crypto: ['randomUUID', 'getRandomValues'],
};

/** Same command, same state, same answer: what is impure is passed in by who asks. */
const rulesArePure = {
  meta: {
    type: 'problem',
    messages: {
      clock: 'Rules read the time from command.meta.at.',
      outside: 'Rules are deterministic: pass the value in.',
      async: 'Rules are synchronous.',
    },
  },
  create(context) {
    if (!ruleFile.test(context.filename)) return {};
    const refuseAsync = (node) => {
      if (node.async) context.report({ node, messageId: 'async' });
    };
    return {
      NewExpression(node) {
        const bare = node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0;
        if (bare) context.report({ node, messageId: 'clock' });
      },
      MemberExpression({ object, property }) {
        if (object.type !== 'Identifier' || property.type !== 'Identifier') return;
        if (!Object.hasOwn(clocksAndDice, object.name)) return;
        if (!clocksAndDice[object.name].includes(property.name)) return;
        context.report({ node: property, messageId: object.name === 'Date' ? 'clock' : 'outside' });
      },
      ArrowFunctionExpression: refuseAsync,
      FunctionDeclaration: refuseAsync,
      FunctionExpression: refuseAsync,
    };
  },
};

export default { meta: { name: 'strata' }, rules: { 'rules-are-pure': rulesArePure } };
