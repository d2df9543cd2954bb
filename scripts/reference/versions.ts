/** What a version of the resource promises, as a section of the page of its fields. */
export const versionsSection = `## Versions

\`receiverhooks.dev/v1alpha1\` is the only version today. This is what you can count on:

| | \`v1alpha1\` (now) | \`v1beta1\` | \`v1\` |
|---|---|---|---|
| comes when | | these fields haven't changed for two minor versions of the product | \`v1beta1\` has been in production for half a year |
| a new field | in any minor version, always optional | the same | the same |
| a changed default | never for a stored hook: the API server has written the default into it | the same | the same |
| a field that goes | is deprecated for two minor versions before | for four, and for half a year at least | never within \`v1\` |
| a stricter rule | only with a line in [the changelog](../../CHANGELOG.md). A stored hook that breaks it runs nothing and says \`InvalidHook\` | only to close a hole in security | the same |
| a reason, condition, column or metric | may be added. Before a name changes, both are there for two minor versions | the same | names stay |
| stays served | until \`v1beta1\` has been served for four minor versions | until \`v1\` has been, and for a year at least | always |

The same holds for the [answers of the trigger](http.md): a member of an answer is never renamed under the path \`/v1/\`. It doesn't hold for
\`ReceiverHookRecord\`, which only the product reads, for the text of messages, or for the content of a token.

\`v1beta1\` will have exactly these fields, so the API server converts a hook by changing the name of its version. There's no conversion webhook
and no script to run. URLs, generations, statuses and records stay, Git may keep either version, and roles need no change. You can go back until
the CRD stores \`v1beta1\`. If a field has to change after all, both forms stand side by side in \`v1alpha1\` first.
`
