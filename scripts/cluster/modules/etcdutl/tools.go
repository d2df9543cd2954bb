//go:build tools

// Package tools names the commands to build, so that go.mod pins all that they need.
package tools

import _ "go.etcd.io/etcd/etcdutl/v3"
