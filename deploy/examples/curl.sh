#!/bin/sh
# Runs a hook once for each name: HOOK_URL=https://… curl.sh release-2026.1
# 503 and lost answers are tried again. The name makes that safe, for 24 hours.
set -eu
: "${HOOK_URL:?set it to the hook\'s URL}"
name=${1:?give the delivery a name, such as release-2026.1}

curl --silent --show-error --fail-with-body --max-time 10 \
  --retry 5 --retry-all-errors \
  --request POST --header "Idempotency-Key: \"$name\"" "$HOOK_URL"
