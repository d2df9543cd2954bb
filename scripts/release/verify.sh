#!/usr/bin/env bash
# Verifies a release as docs/how-to/verify-a-release.md does, in a folder with its files. Needs VERSION, REGISTRY, and SIGNER: the
# workflow that may have signed. With KEY, the file of a public key, it verifies a rehearsal that a key has signed.
set -euo pipefail
signer=(--certificate-identity "${SIGNER:-}" --certificate-oidc-issuer "${ISSUER:-https://token.actions.githubusercontent.com}")
[ -z "${KEY:-}" ] || signer=(--key "$KEY" --insecure-ignore-tlog)
image=$REGISTRY/receiver-hooks chart=$REGISTRY/charts/receiver-hooks

cosign verify-blob "${signer[@]}" --bundle SHA256SUMS.sigstore.json SHA256SUMS
sha256sum --check --strict --ignore-missing SHA256SUMS
cosign verify "${signer[@]}" "$image:$VERSION" >/dev/null
cosign verify "${signer[@]}" "$chart:$VERSION" >/dev/null
for architecture in amd64 arm64; do
  digest=$(crane digest --platform "linux/$architecture" "$image:$VERSION")
  cosign verify-attestation "${signer[@]}" --type cyclonedx "$image@$digest" >/dev/null
done
