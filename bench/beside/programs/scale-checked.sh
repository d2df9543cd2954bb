#!/bin/sh
# Adds one to the count of a Deployment, and never more than ten thousand. Tries again if somebody else was faster.
set -eu
for _ in $(seq 5); do
  count=$(kubectl --namespace shop get deployment "$1" --output jsonpath='{.spec.replicas}')
  [ "$count" -lt 10000 ] || exit 0
  if kubectl --namespace shop scale deployment "$1" --current-replicas "$count" --replicas $((count + 1)); then exit 0; fi
done
exit 1
