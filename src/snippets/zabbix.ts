import type { Auth } from '../api/auth.ts'
import { anyProof } from './proof.ts'
import { javascriptText, plainText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A media type of Zabbix. */
export const zabbix: Snippet = {
  name: 'zabbix',
  title: 'Zabbix',
  group: 'alerts',
  proves: anyProof,
  pushes: false,
  texts: ({ auth, url }) => [
    {
      where: `The script of a media type of type Webhook, with the parameters \`url\` (\`{ALERT.SENDTO}\`), \`event_source\` (\`{EVENT.SOURCE}\`), \`event_id\` (\`{EVENT.ID}\`), \`event_value\` (\`{EVENT.VALUE}\`), \`event_update_status\` (\`{EVENT.UPDATE.STATUS}\`), \`event_name\` (\`{EVENT.NAME}\`), \`host\` (\`{HOST.NAME}\`) and \`severity\` (\`{EVENT.SEVERITY}\`).${parameters(auth)}`,
      language: 'javascript',
      text: `var params = JSON.parse(value);
var url = params.url;
delete params.url;
${taken(auth)}var body = JSON.stringify(params);
var request = new HttpRequest();
request.addHeader('Content-Type: application/json');
${proof(auth)}var response = request.post(url, body);
if (request.getStatus() !== 200) {
    throw 'Answered ' + request.getStatus() + ': ' + response;
}
return response;
`,
    },
    { where: 'The "Send to" of the user\'s media of this type.', language: 'text', text: `${url}\n` },
  ],
}

/** The parameters that hold what the hook's Secret has: a secret macro of Zabbix each. */
const secretsOf = (auth: Auth | undefined): readonly { readonly name: string; readonly key: string }[] => {
  switch (auth?.form) {
    case 'bearer':
      return [{ name: 'token', key: auth.key }]
    case 'basic':
      return [
        { name: 'username', key: 'username' },
        { name: 'password', key: 'password' },
      ]
    case 'hmac':
      return [{ name: 'secret', key: auth.key }]
    case 'sns':
    case undefined:
      return []
  }
}

const parameters = (auth: Auth | undefined): string =>
  secretsOf(auth)
    .map(
      ({ key, name }) =>
        ` And the parameter \`${name}\` (\`{$HOOK_${name.toUpperCase()}}\`, a macro of the type "Secret text" with what Secret/${plainText(auth !== undefined && 'secret' in auth ? auth.secret : '')} has under ${plainText(key)}).`,
    )
    .join('')

const taken = (auth: Auth | undefined): string =>
  secretsOf(auth)
    .map(({ name }) => `var ${name} = params.${name};\ndelete params.${name};\n`)
    .join('')

const proof = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return "request.addHeader('Authorization: Bearer ' + token);\n"
    case 'basic':
      return "request.addHeader('Authorization: Basic ' + btoa(username + ':' + password));\n"
    case 'hmac':
      return `request.addHeader(${javascriptText(`${auth.header}: ${auth.prefix}`)} + hmac('sha256', secret, body));\n`
    case 'sns':
    case undefined:
      return ''
  }
}
