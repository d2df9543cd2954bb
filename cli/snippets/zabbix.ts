import type { SentAuth } from '../../src/api/auth.ts'
import { hookVariable } from './names.ts'
import { headerTokenOf, tokenText, secretsOf } from './proof.ts'
import { javascriptText, plainText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A media type of Zabbix. */
export const zabbix: Snippet = {
  name: 'zabbix',
  title: 'Zabbix',
  group: 'alerts',
  // A script in Zabbix cannot read a clock, and its `hmac` gives hexadecimal digits alone. So the
  // script signs no time, and writes no signature in Base64.
  proves: { forms: ['bearer', 'basic', 'header', 'hmac'], signs: [{}] },
  pushes: false,
  texts: hook => [
    {
      where: `The script of a media type of type Webhook, with the parameters \`url\` (\`{ALERT.SENDTO}\`), \`event_source\` (\`{EVENT.SOURCE}\`), \`event_id\` (\`{EVENT.ID}\`), \`event_value\` (\`{EVENT.VALUE}\`), \`event_update_status\` (\`{EVENT.UPDATE.STATUS}\`), \`event_name\` (\`{EVENT.NAME}\`), \`host\` (\`{HOST.NAME}\`) and \`severity\` (\`{EVENT.SEVERITY}\`).${parameters(hook)}`,
      language: 'javascript',
      text: `var params = JSON.parse(value);
var url = params.url;
delete params.url;
${taken(hook)}var body = JSON.stringify(params);
var request = new HttpRequest();
request.addHeader('Content-Type: application/json');
${proof(hook)}var response = request.post(url, body);
if (request.getStatus() !== 200) {
    throw 'Answered ' + request.getStatus() + ': ' + response;
}
return response;
`,
    },
    {
      where: 'The "Send to" of the user\'s media of this type.',
      language: 'text',
      text: `${headerTokenOf(hook)?.endpoint ?? hook.url}\n`,
    },
    ...tokenText(hook, `The value of the macro \`{$${hookVariable('token', hook)}}\`.`),
  ],
}

interface Parameter {
  readonly name: string
  /** What to enter as the value, in words. */
  readonly value: string
}

/**
 * Returns the parameters of the script that hold secrets. The value of each is a macro of Zabbix.
 */
const parametersOf = (hook: SnippetHook): readonly Parameter[] => {
  const held = (secret: string, key: string): string =>
    `the value in Secret/${plainText(secret)} under ${plainText(key)}`
  const { auth, secretName } = hook
  const token = secretName === undefined ? "the hook's token" : held(secretName, 'token')
  return [
    ...(headerTokenOf(hook) === undefined ? [] : [{ name: 'token', value: token }]),
    ...secretsOf(auth).map(({ key, secret, variable }) => ({
      name: variable.toLowerCase(),
      value: held(secret, key),
    })),
  ]
}

const parameters = (hook: SnippetHook): string =>
  parametersOf(hook)
    .map(
      ({ name, value }) =>
        ` And the parameter \`${name}\` (\`{$${hookVariable(name, hook)}}\`, a macro of the type "Secret text" with ${value}).`,
    )
    .join('')

const taken = (hook: SnippetHook): string =>
  parametersOf(hook)
    .map(({ name }) => `var ${name} = params.${name};\ndelete params.${name};\n`)
    .join('')

const proof = (hook: SnippetHook): string => (headerTokenOf(hook) === undefined ? '' : bearerLine) + proofOf(hook.auth)

const bearerLine = "request.addHeader('Authorization: Bearer ' + token);\n"

const proofOf = (auth: SentAuth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return bearerLine
    case 'basic':
      return "request.addHeader('Authorization: Basic ' + btoa(username + ':' + password));\n"
    case 'header':
      return `request.addHeader(${javascriptText(`${auth.header}: `)} + secret);\n`
    case 'hmac':
      return `request.addHeader(${javascriptText(`${auth.header}: ${auth.prefix}`)} + hmac('sha256', secret, body));\n`
    case 'oidc':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return ''
  }
}
