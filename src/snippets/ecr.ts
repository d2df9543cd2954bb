import { credentials, headerTokenOf, readingSecret, tokenText } from './proof.ts'
import { plainText, shortName, wordName, yamlText } from './quote.ts'
import { imageOf, pathOfURL } from './script.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A rule of EventBridge for the pushes of Amazon ECR. */
export const ecr: Snippet = {
  name: 'ecr',
  title: 'Amazon ECR',
  group: 'images',
  proves: credentials,
  pushes: true,
  texts: hook => [
    {
      where: `A template of CloudFormation: \`aws cloudformation deploy --template-file FILE --stack-name ${stackOf(hook.name)} --capabilities CAPABILITY_IAM${parameters(hook)}\`. EventBridge keeps credentials in a Secret of AWS, and sends them in a header.`,
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
      InvocationEndpoint: ${yamlText(headerTokenOf(hook)?.endpoint ?? hook.url)}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sts:AssumeRole"}
      Policies:
        - PolicyName: ${yamlText(shortName(wordName(hook.name), 64))}
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
            - ${yamlText(pathOfURL(imageOf(hook)))}
      Targets:
        - Id: ${yamlText(shortName(wordName(hook.name), 64))}
          Arn: {"Fn::GetAtt": [Destination, Arn]}
          RoleArn: {"Fn::GetAtt": [Role, Arn]}
`,
    },
    ...tokenText(hook, 'What goes into the place of TOKEN.'),
  ],
}

/** It begins with a letter. */
const stackOf = (name: string): string => `hook-${shortName(wordName(name), 100).replaceAll('_', '-')}`

const parameters = ({ auth, namespace, secretName }: SnippetHook): string => {
  switch (auth?.form) {
    case 'bearer':
      return plainText(` --parameter-overrides Token="$(${readingSecret(namespace, auth.secret, auth.key)})"`)
    case 'basic':
      return plainText(
        ` --parameter-overrides Username="$(${readingSecret(namespace, auth.secret, 'username')})" Password="$(${readingSecret(namespace, auth.secret, 'password')})"`,
      )
    case 'hmac':
    case 'sns':
    case undefined:
      return secretName === undefined
        ? ' --parameter-overrides Token=TOKEN'
        : plainText(` --parameter-overrides Token="$(${readingSecret(namespace, secretName, 'token')})"`)
  }
}

const declared = ({ auth }: SnippetHook): string => {
  switch (auth?.form) {
    case 'bearer':
    case 'hmac':
    case 'sns':
    case undefined:
      return 'Parameters:\n  Token: {Type: String, NoEcho: true}\n'
    case 'basic':
      return 'Parameters:\n  Username: {Type: String}\n  Password: {Type: String, NoEcho: true}\n'
  }
}

const connection = ({ auth }: SnippetHook): string => {
  switch (auth?.form) {
    case 'bearer':
    case 'hmac':
    case 'sns':
    case undefined:
      return `      AuthorizationType: API_KEY
      AuthParameters:
        ApiKeyAuthParameters: {ApiKeyName: Authorization, ApiKeyValue: {"Fn::Sub": "Bearer \${Token}"}}
`
    case 'basic':
      return `      AuthorizationType: BASIC
      AuthParameters:
        BasicAuthParameters: {Username: {Ref: Username}, Password: {Ref: Password}}
`
  }
}
