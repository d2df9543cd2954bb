#!/usr/bin/env bash
# Builds crane and cosign into a folder, with Go, at the versions and hashes that go.mod and go.sum of their modules pin.
# Usage: tools.sh FOLDER
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
modules=$(dirname "$0")/../cluster/modules
export CGO_ENABLED=0
go -C "$modules/crane" build -mod=readonly -o "$folder/crane" github.com/google/go-containerregistry/cmd/crane
go -C "$modules/cosign" build -mod=readonly -o "$folder/cosign" github.com/sigstore/cosign/v3/cmd/cosign
