//go:build tools

// Package tools names the commands to build, so that go.mod pins all that they need.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
