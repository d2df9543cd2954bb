//go:build tools

// Package tools names the commands to build, so that go.mod pins all that they need.
package tools

import (
	_ "sigs.k8s.io/krew/cmd/krew"
	_ "sigs.k8s.io/krew/cmd/validate-krew-manifest"
)
