#!/bin/sh
# Runs a hook once for each key: HOOK_URL=https://… curl.sh release-2026.1
# 503 and lost answers are tried again. The idempotency key makes that safe, for 24 hours.
set -eu
: "${HOOK_URL:?set it to the URL of the hook}"
key=${1:?give an idempotency key, such as release-2026.1}

curl --silent --show-error --fail-with-body --max-time 10 \
  --retry 5 --retry-all-errors \
  --request POST --header "Idempotency-Key: \"$key\"" "$HOOK_URL"
