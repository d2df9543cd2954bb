import { stringify } from 'yaml'
import { group, hookPlural, policyNames, requestPlural } from '../../src/api/names.ts'
import { senderMembers } from '../../src/api/by.ts'
import { postSuffix, requestCrd } from '../../src/api/run-request.ts'
import { events, requests } from '../../src/kube/resources.ts'
import { rolesManifest } from './manifest.ts'
import { ofManifests, policiesManifest } from './policies.ts'
import { listOf, matching, type Installation, type Policy } from './policy.ts'
import type { Role } from './roles.ts'

/** The policy on requests, and the role of the trigger and its binding. */
const name = policyNames.requests
const controllerRole = `${name}-controller`
const folder = 'deploy/kustomize/components/requests'

const mayOn = (name: string, verb: string): string =>
  `authorizer.group('${group}').resource('${hookPlural}').namespace(request.namespace).name(${name}).check(${verb}).allowed()`
const needed = (verb: string, name: string): string =>
  `: that needs the verb ' + ${verb} + ' on ${hookPlural}.${group} "' + ${name} + '" in namespace ' + request.namespace`
const isStatus = "has(request.subResource) && request.subResource == 'status'"
/** Returns a rule for each write of a decision. `oldObject` is what is stored when the decision is. */
const ifDecided = (rule: string): string => `!variables.decides || ${rule}`
/** What a user may not say of themselves: only a post proves it. */
const otherSenders = Object.keys(senderMembers).filter(member => member !== 'user')
const dryRun = 'has(object.spec.dryRun) && object.spec.dryRun'

/**
 * Returns the policy for requests: `spec.by` is the writer, with the right to run the hook. Only triggers
 * answer. A decision is about what is shown, by another user with the right to approve.
 */
export const requestsPolicy = ({ triggers }: Pick<Installation, 'triggers'>): Policy => ({
  name,
  means:
    "A ReceiverHookRequest says who makes it, and runs its hook without its URL. So nobody makes one in another's name, or for a\nhook that they may not run; only the trigger makes one from a post, which has proved itself; a dry run needs the right to read the hook. Only the trigger writes the answer. A decision names its author, and what\nit is about: what the request would do now. It needs the verb approve on the hook, and nobody approves their own requests.",
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: matching([
      { group, resource: requestPlural, operations: ['CREATE', 'UPDATE'] },
      { group, resource: `${requestPlural}/status`, operations: ['CREATE', 'UPDATE'] },
    ]),
    variables: [
      {
        name: 'keeps',
        expression: `has(object.spec.post) && object.metadata.name.endsWith('${postSuffix}') && request.userInfo.username in ${listOf(triggers)}`,
      },
      {
        name: 'decides',
        expression: `request.operation == 'UPDATE' && !(${isStatus}) && has(object.spec.decision) && (!has(oldObject.spec.decision) || object.spec.decision != oldObject.spec.decision)`,
      },
      {
        name: 'shown',
        expression:
          "request.operation == 'UPDATE' && has(oldObject.status) && has(oldObject.status.state) && oldObject.status.state == 'Awaiting' && has(oldObject.status.effect) ? oldObject.status.effect.digest : ''",
      },
    ],
    validations: [
      {
        expression: `!(${isStatus}) || request.userInfo.username in ${listOf(triggers)}`,
        reason: 'Forbidden',
        message: 'only the trigger writes the answer to a request',
      },
      {
        expression: `request.operation != 'CREATE' || variables.keeps || (has(object.spec.by.user) && object.spec.by.user == request.userInfo.username && !(${otherSenders.map(member => `has(object.spec.by.${member})`).join(' || ')}))`,
        reason: 'Forbidden',
        messageExpression:
          "'write spec.by: {user: \"' + request.userInfo.username + '\"}: a request says who makes it'",
      },
      {
        expression: `request.operation != 'CREATE' || variables.keeps || ${mayOn('object.spec.hook', `${dryRun} ? 'get' : 'run'`)}`,
        reason: 'Forbidden',
        messageExpression: `request.userInfo.username + ' may not run ReceiverHook/' + object.spec.hook + '${needed(`(${dryRun} ? 'get' : 'run')`, 'object.spec.hook')}`,
      },
      {
        expression: `request.operation != 'CREATE' || variables.keeps || !(has(object.spec.post) || object.metadata.name.endsWith('${postSuffix}'))`,
        reason: 'Forbidden',
        message: `only the trigger makes requests with spec.post, of what was posted to a hook, and with names that end in ${postSuffix}`,
      },
      {
        expression: "request.operation != 'CREATE' || !has(object.spec.decision)",
        reason: 'Forbidden',
        message: 'nothing can be decided before it is shown',
      },
      {
        expression: ifDecided('object.spec.decision.by == request.userInfo.username'),
        reason: 'Forbidden',
        messageExpression: "'write decision.by: \"' + request.userInfo.username + '\": a decision names its author'",
      },
      {
        expression: ifDecided(mayOn('object.spec.hook', "'approve'")),
        reason: 'Forbidden',
        messageExpression: `request.userInfo.username + ' may not decide about ReceiverHook/' + object.spec.hook + '${needed("'approve'", 'object.spec.hook')}`,
      },
      {
        expression: ifDecided(
          "!has(oldObject.spec.by.user) || oldObject.spec.by.user != request.userInfo.username || object.spec.decision.is == 'Denied'",
        ),
        reason: 'Forbidden',
        message: 'nobody may approve their own requests',
      },
      {
        expression: ifDecided("variables.shown != '' && object.spec.decision.effect == variables.shown"),
        reason: 'Invalid',
        message:
          'decision.effect is not what the request would do now (status.effect.digest), or nothing waits for a decision: look again',
      },
      {
        expression: ifDecided('!has(oldObject.spec.decision) || oldObject.spec.decision.effect != variables.shown'),
        reason: 'Invalid',
        messageExpression: "'it has already been decided, by ' + oldObject.spec.decision.by",
      },
    ],
  },
})

/** The label of a namespace whose hooks all need approval. */
const requiring = `${group}/approval`

/** Returns the policy for hooks with `approval`: only who may approve changes them. A namespace can require it. */
export const approvalPolicy = (): Policy => ({
  name: policyNames.approval,
  means: `Senders and authors of requests must not lift a hook's approval: only those who may approve can change a hook that has it. In a namespace with the label\n${requiring}=required, each hook needs it.`,
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: matching([{ group, resource: hookPlural, operations: ['CREATE', 'UPDATE'] }]),
    validations: [
      {
        expression: `request.operation != 'UPDATE' || !has(oldObject.spec.approval) || object.spec == oldObject.spec || ${mayOn('object.metadata.name', "'approve'")}`,
        reason: 'Forbidden',
        messageExpression: `request.userInfo.username + ' may not change ReceiverHook/' + object.metadata.name + ', which has approval${needed("'approve'", 'object.metadata.name')}`,
      },
      {
        expression: `has(object.spec.approval) || (request.operation == 'UPDATE' && object.spec == oldObject.spec) || !has(namespaceObject.metadata.labels) || !('${requiring}' in namespaceObject.metadata.labels) || namespaceObject.metadata.labels['${requiring}'] != 'required'`,
        reason: 'Forbidden',
        message: `a hook in this namespace needs spec.approval: the namespace has the label ${requiring}=required`,
      },
    ],
  },
})

/** The roles of the trigger, and of those who run hooks by requests or approve requests. */
export const requestRoles: readonly Role[] = [
  {
    kind: 'ClusterRole',
    name,
    means: 'Lets the trigger run requests, where they are switched on.',
    grants: [
      { ...requests, verbs: ['get', 'list', 'watch'], why: 'to see new requests' },
      { ...requests, verbs: ['create'], why: 'to keep a post that waits for approval' },
      { ...requests, verbs: ['delete'], why: 'to delete requests a day after they were made' },
      { group, resource: `${requestPlural}/status`, verbs: ['patch'], why: 'to write the answers' },
      { ...events, verbs: ['create', 'patch'], why: 'to report on its hook that a request is waiting for approval' },
    ],
  },
  {
    kind: 'ClusterRole',
    name: controllerRole,
    means: 'Lets the controller check hooks with approval, where requests are switched on.',
    grants: ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'].map(resource => ({
      ...{ group: 'admissionregistration.k8s.io', resource, names: [policyNames.requests, policyNames.approval] },
      ...{ verbs: ['get'], why: 'to see whether the admission policies are in force' },
    })),
  },
  {
    kind: 'ClusterRole',
    name: 'receiver-hooks-run',
    means:
      'For people and programs that run hooks by requests; for a single hook, use resourceNames in your own Role. Nobody has it until you bind it.',
    grants: [
      { ...requests, verbs: ['get', 'list', 'watch', 'create'], why: 'to make a request, and to read the answer' },
      { group, resource: hookPlural, verbs: ['run'], why: 'to be allowed to run a hook, without reading its URL' },
    ],
  },
  {
    kind: 'ClusterRole',
    name: 'receiver-hooks-approve',
    means:
      'For people who approve requests to hooks with `approval`; for a single hook, use resourceNames in your own Role. Nobody has it until you bind it.',
    grants: [
      { ...requests, verbs: ['get', 'list', 'watch', 'patch'], why: 'to see what waits, and to write the decision' },
      {
        group,
        resource: hookPlural,
        verbs: ['approve'],
        why: 'to be allowed to approve, and to change hooks that need approval',
      },
    ],
  },
]

const binding = (kind: 'ClusterRoleBinding' | 'RoleBinding', namespace: string, role: string = name) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name: role },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', name: `receiver-hooks-${role === name ? 'trigger' : 'controller'}`, namespace }],
})

const generated = '# Generated by "npm run generate" from scripts/deploy/requests.ts.\n'
const yaml = (object: object): string => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })

/** Returns the manifests of requests by what they are. `installation` is where the trigger runs. */
export const requestManifests = (installation: Pick<Installation, 'namespace' | 'triggers'>) => ({
  definition: generated + yaml(requestCrd),
  policy: policiesManifest([requestsPolicy(installation), approvalPolicy()]),
  roles: rolesManifest(requestRoles),
  // Policies are of the whole cluster, even if only some namespaces are served.
  ofController: generated + yaml(binding('ClusterRoleBinding', installation.namespace, controllerRole)),
  everywhere: generated + yaml(binding('ClusterRoleBinding', installation.namespace)),
  inNamespace: generated + yaml(binding('RoleBinding', installation.namespace)),
})

/** Returns the kustomize component that lets hooks be run by requests, by the paths of its files. */
export const requestComponent = (): Readonly<Record<string, string>> => {
  const { definition, everywhere, ofController, policy, roles } = requestManifests(ofManifests)
  const files = {
    'definition.yaml': definition,
    'policy.yaml': policy,
    'roles.yaml': roles,
    'binding.yaml': everywhere,
    'controller-binding.yaml': ofController,
  }
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    resources: Object.keys(files),
    patches: ['receiver-hooks-trigger', 'receiver-hooks-controller'].map(name => ({
      target: { kind: 'Deployment', name },
      patch: stringify([{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--requests' }]),
    })),
  }
  return Object.fromEntries(
    Object.entries({
      ...files,
      'kustomization.yaml': `${generated}# Lets people and programs run hooks by a ReceiverHookRequest, without a URL: docs/how-to/run-from-the-cluster.md.\n${yaml(kustomization)}`,
    }).map(([file, text]) => [`${folder}/${file}`, text]),
  )
}
