/** What a version of the resource promises, as a section of the page of its fields. */
export const versionsSection = `## Versions

\`receiverhooks.dev/v1alpha1\` is the only version today. This is what you can count on:

| | \`v1alpha1\` (now) | \`v1beta1\` | \`v1\` |
|---|---|---|---|
| comes when | | these fields haven't changed for two minor versions of the product | \`v1beta1\` has been in production for half a year |
| a new field | in any minor version, always optional | the same | the same |
| a changed default | never for a stored hook: the API server has written the default into it | the same | the same |
| a removed field | is deprecated for two minor versions first | for four, and at least half a year | never within \`v1\` |
| a stricter rule | only with a line in [the changelog](../../CHANGELOG.md). A stored hook that breaks it runs nothing and says \`InvalidHook\` | only to close a security hole | the same |
| a reason, condition, column or metric | may be added. Before a name changes, both exist for two minor versions | the same | names stay |
| stays served | until \`v1beta1\` has been served for four minor versions | until \`v1\` has been, and at least a year | always |

The same holds for the [trigger's answers](http.md), whose members are never renamed under \`/v1/\`. It doesn't hold for the text of messages, the content of a token, or \`ReceiverHookRecord\` (which only the product reads).

\`v1beta1\` will have exactly these fields, so the API server converts a hook just by changing the name of its version, without a conversion webhook
or a script. URLs, generations, statuses and records stay, Git may keep either version, and roles don't change. You can go back until
the CRD stores \`v1beta1\`. If a field has to change after all, \`v1alpha1\` gets both forms first.
`
