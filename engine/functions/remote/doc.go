// Package remote makes SQL functions of services that are called over HTTP, a batch of
// rows at a time. docs/functions.md describes request and answer.
package remote
