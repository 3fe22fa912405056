// Who may import whom. The picture of the result is in docs/architecture.md; the reasons are in each comment.

/** Rules, processes and how old events are read: no suffix, `.process` or `.upcast`. */
const rules = '^apps/(?:iaas|paas|saas|identity)/src/[^/]+/[^/.]+(?:\\.process|\\.upcast)?\\.ts$';
/** What exists only to try the product out. */
const trials = ['\\.(?:spec|fixtures|contract)\\.ts$', '/testing/', '^test/'];
const drivers = '^libs/(?:hypervisor|provisioner)/src/(?:libvirt|simulated|cloud-init)/';

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other to run are one file, or three. Naming a type back is no circle.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An import that leads nowhere. The build need not be there for this check.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '/dist/' },
    },
    {
      name: 'libs-not-apps',
      comment: 'Libraries serve apps and know none.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-meet-only-in-contracts',
      comment: 'Services speak by messages.',
      severity: 'error',
      from: { path: '^apps/((?!solo/)[^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'solo-names-only-modules',
      comment: 'Running every service in one process is all that solo does with them.',
      severity: 'error',
      from: { path: '^apps/solo/' },
      to: { path: '^apps/', pathNot: ['^apps/solo/', '\\.module\\.ts$'] },
    },
    {
      name: 'libs-have-one-door',
      comment: 'Outside its folder, a library is @strata/<lib> or @strata/testing/<lib>.',
      severity: 'error',
      from: { path: '^(apps|libs|test)/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^libs/[^/]+/src/(?:testing/)?index\\.ts$', '^$1/$2/'] },
    },
    {
      name: 'kernel-stands-alone',
      comment: 'The kernel depends on nothing but immutable maps.',
      severity: 'error',
      from: { path: '^libs/event-sourcing/', pathNot: trials },
      to: { pathNot: ['^libs/event-sourcing/', '^node_modules/immutable/'] },
    },
    {
      name: 'contracts-know-only-zod',
      comment: 'Outsiders take the contracts without taking us. Drawing the documents to files is the one exception.',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: [...trials, '^libs/contracts/src/spec/'] },
      to: { pathNot: ['^libs/contracts/', '^node_modules/zod/'] },
    },
    {
      name: 'libvirt-knows-nothing-of-strata',
      comment: 'It speaks a protocol, and could be published.',
      severity: 'error',
      from: { path: '^libs/libvirt/', pathNot: trials },
      to: { path: '^(?:apps|libs)/', pathNot: '^libs/libvirt/' },
    },
    {
      name: 'rules-reach-no-framework',
      comment: 'Not even through somebody else.',
      severity: 'error',
      from: { path: rules },
      to: { path: '^node_modules/(?:@nestjs|typeorm|kafkajs|pg|rxjs|fastify)/', reachable: true },
    },
    {
      name: 'rules-know-only-rules',
      comment:
        'The kernel, the contracts, immutable maps and rules of the same app; neither Node nor what carries rules to the world.',
      severity: 'error',
      from: { path: rules.replace('(?:iaas|paas|saas|identity)', '(iaas|paas|saas|identity)') },
      to: {
        pathNot: [
          '^libs/(?:event-sourcing|contracts)/src/index\\.ts$',
          '^node_modules/immutable/',
          '^apps/$1/src/[^/]+/[^/.]+(?:\\.process|\\.upcast)?\\.ts$',
        ],
      },
    },
    {
      name: 'drivers-are-chosen-in-modules',
      comment: 'Everybody else knows the port.',
      severity: 'error',
      from: { pathNot: ['\\.module\\.ts$', '^libs/(?:hypervisor|provisioner)/', ...trials] },
      to: { path: drivers },
    },
    {
      name: 'drivers-do-not-meet',
      comment: 'A driver knows its port, never another driver.',
      severity: 'error',
      from: { path: '^libs/(hypervisor|provisioner)/src/(libvirt|simulated|cloud-init)/', pathNot: trials },
      to: { path: drivers, pathNot: '^libs/$1/src/$2/' },
    },
    {
      name: 'products-not-trials',
      comment: 'Specs, fixtures and testing folders stay out of what we ship.',
      severity: 'error',
      from: { path: '^(?:apps|libs)/', pathNot: trials },
      to: { path: trials },
    },
    {
      name: 'products-not-tools',
      comment: 'What ships runs on dependencies, not on devDependencies.',
      severity: 'error',
      from: { path: '^(?:apps|libs)/', pathNot: trials },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^apps/portal/', '^dist'] },
  },
};
