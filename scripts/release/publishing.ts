/** Returns the commands that publish what a release has made. REGISTRY is where images and charts of the project are. */
export const publishing = (version: string, digest: string): string =>
  `Everything is in dist/release. To publish it, with REGISTRY set:

  crane push dist/image $REGISTRY/receiver-hooks:${version}
  cosign sign $REGISTRY/receiver-hooks@${digest}
  for a in amd64 arm64; do
    cosign attest --type cyclonedx --predicate dist/release/receiver-hooks-${version}-$a.cdx.json $REGISTRY/receiver-hooks@${digest}
  done
  helm push dist/release/receiver-hooks-chart-${version}.tgz oci://$REGISTRY/charts
  npm publish --provenance dist/release/receiver-hooks-${version}.tgz
  # Krew takes dist/release/receiverhook.yaml, once the plugin's archive is where it says.
  git tag --sign v${version} && git push origin v${version}
`
