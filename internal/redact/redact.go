// Package redact hides secrets among options that are shown.
package redact

import "strings"

// Hidden stands for a value that is not shown.
const Hidden = "******"

// secrets are parts of the names of options whose values are secret.
var secrets = []string{"password", "secret", "token", "api-key", "apikey", "access-key", "private-key", "credential", "auth.user-info", "authorization"}

// Option is an option's value as others may see it. Values of request headers are
// hidden, whatever they are: 'header.x' and 'headers.x'.
func Option(key, value string) string {
	key = strings.ToLower(key)
	for _, part := range strings.Split(key, ".") {
		if part == "header" || part == "headers" {
			return Hidden
		}
	}
	for _, word := range secrets {
		if strings.Contains(key, word) {
			return Hidden
		}
	}
	return value
}
