import { dashedName } from './names.ts'
import { anyHeader, headerTokenOf, readingSecret, tokenText, type HeaderToken } from './proof.ts'
import { exampleNote, pushedPaths } from './pushed-paths.ts'
import { plainText, yamlText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** An EventBridge rule for the pushes to Amazon ECR. */
export const ecr: Snippet = {
  name: 'ecr',
  title: 'Amazon ECR',
  group: 'images',
  proves: anyHeader,
  pushes: true,
  texts: hook => [
    {
      where: `A CloudFormation template: \`aws cloudformation deploy --template-file FILE --stack-name hook-${dashedName(hook)} --capabilities CAPABILITY_IAM${parameters(hook)}\`. EventBridge keeps credentials in an AWS Secret, and sends them in a header.${exampleNote(hook, 'acme/web')}`,
      language: 'yaml',
      text: `${declared(hook)}Resources:
  Connection:
    Type: AWS::Events::Connection
    Properties:
${connection(hook)}  Destination:
    Type: AWS::Events::ApiDestination
    Properties:
      ConnectionArn: {"Fn::GetAtt": [Connection, Arn]}
      HttpMethod: POST
      InvocationEndpoint: ${yamlText(tokenOf(hook)?.endpoint ?? hook.url)}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sts:AssumeRole"}
      Policies:
        - PolicyName: post
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: "events:InvokeApiDestination"
                Resource: {"Fn::GetAtt": [Destination, Arn]}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.ecr]
        detail-type: [ECR Image Action]
        detail:
          action-type: [PUSH]
          result: [SUCCESS]
          repository-name:
${pushedPaths(hook)
  .map(path => `            - ${yamlText(path)}\n`)
  .join('')}      Targets:
        - Id: hook
          Arn: {"Fn::GetAtt": [Destination, Arn]}
          RoleArn: {"Fn::GetAtt": [Role, Arn]}
`,
    },
    ...(tokenOf(hook) === undefined ? [] : tokenText(hook, 'What to write instead of TOKEN.')),
  ],
}

/** The longest value of a header, in characters. */
const maxValueLength = 512

/**
 * Returns the URL and the token if a header can carry the token. EventBridge can send only one
 * header. If the hook needs that header for `auth`, or the token is too long, returns undefined.
 */
const tokenOf = (hook: SnippetHook): HeaderToken | undefined => {
  const header = hook.auth?.form === 'header' ? undefined : headerTokenOf(hook)
  return header !== undefined && 'Bearer '.length + header.token.length <= maxValueLength ? header : undefined
}

/** Returns whether the URL has the only secret. EventBridge still asks for a header to send. */
const isBare = (hook: SnippetHook): boolean => hook.auth === undefined && tokenOf(hook) === undefined

const parameters = (hook: SnippetHook): string => (isBare(hook) ? '' : ` --parameter-overrides${overrides(hook)}`)

const overrides = ({ auth, namespace, secretName }: SnippetHook): string => {
  const read = (parameter: string, secret: string, key: string): string =>
    plainText(` ${parameter}="$(${readingSecret(namespace, secret, key)})"`)
  switch (auth?.form) {
    case 'bearer':
    case 'header':
      return read('Token', auth.secret, auth.key)
    case 'basic':
      return read('Username', auth.secret, 'username') + read('Password', auth.secret, 'password')
    case 'hmac':
    case 'oidc':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return secretName === undefined ? ' Token=TOKEN' : read('Token', secretName, 'token')
  }
}

const declared = (hook: SnippetHook): string => {
  if (isBare(hook)) return ''
  return hook.auth?.form === 'basic'
    ? 'Parameters:\n  Username: {Type: String}\n  Password: {Type: String, NoEcho: true}\n'
    : 'Parameters:\n  Token: {Type: String, NoEcho: true}\n'
}

const connection = (hook: SnippetHook): string => {
  const { auth } = hook
  if (auth?.form === 'basic') {
    return `      AuthorizationType: BASIC
      AuthParameters:
        BasicAuthParameters: {Username: {Ref: Username}, Password: {Ref: Password}}
`
  }
  const [name, value] =
    auth?.form === 'header'
      ? [yamlText(auth.header), '{Ref: Token}']
      : isBare(hook)
        ? ['X-Unused', 'none']
        : ['Authorization', '{"Fn::Sub": "Bearer ${Token}"}']
  return `      AuthorizationType: API_KEY
      AuthParameters:
        ApiKeyAuthParameters: {ApiKeyName: ${name}, ApiKeyValue: ${value}}
`
}
