/** How large the objects of the cluster may be that the product reads, as a section of the page on HTTP. */
export const objectLimitsSection = `## Limits of objects

So that no user of one namespace can make an object that fills a replica's memory, keeps it from starting, or delays another namespace's posts,
the product limits what it reads:

| what | at most | beyond it |
|---|---|---|
| an object, as the API server sends it | 2 MiB | it isn't read: a hook says \`TooLarge\`, and posts to it or about it get 422 \`TooLarge\` |
| spec and status of a hook | 64 KiB | the hook says \`TooLarge\`; the schema allows a quarter of that |
| a hook's annotations | 32 KiB | the API server refuses them, if the admission policies are installed |
| all of a hook's metadata | 64 KiB | the API server refuses to make it larger, if the admission policies are installed |
| the labels of \`redeploy.selector\` or \`restart.selector\` | 16 | the API server refuses the hook |
| a Secret that \`auth\` names | 64 KiB in Base64: some 47 KiB of values | posts get 422 \`AuthSecretTooLarge\`, and the hook says so |
| Secrets with the label of one hook | 16 | the others are left alone |
| workloads that such a selector is compared with | 32 MiB in all, and 2 MiB of names, images and the product's annotations | the post gets 422 \`TooLarge\`, and none is rolled out |
| workloads that such a selector matches | 1,000 | the same: narrow \`matchLabels\` or \`kinds\`, or use several hooks |
| pages that a record lists | 512 pages, 4 MiB in all | a record that lists more begins empty. Pages beyond 4 MiB aren't read, so copies of their deliveries count as new |
| a page of a list | 1 MiB | the product asks again for fewer objects |
| large answers in memory at once | 8 MiB | further ones wait |

**If a hook says \`TooLarge\`**, find out what is large in the object that the message names, and remove it or move it to a ConfigMap:

\`\`\`sh
kubectl get deployment web -o json | jq '[paths(strings) as $p | {path: ($p | map(tostring) | join(".")), size: (getpath($p) | length)}] | sort_by(-.size) | .[:5]'
\`\`\`
`
