// Package openai makes models of services that speak OpenAI's API: chat completions and
// embeddings.
package openai
