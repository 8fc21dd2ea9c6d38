// Package redact hides secrets among options that are shown.
package redact

import (
	"regexp"
	"strings"
)

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
	if strings.Contains(value, "://") {
		return passwords.ReplaceAllString(value, "://${1}:"+Hidden+"@")
	}
	return value
}

// passwords are those of addresses: what stands between the first colon behind the
// scheme and the last @ before the path.
var passwords = regexp.MustCompile(`://([^:/@\s]*):[^/\s]*@`)

// options finds 'key' = 'value' in SQL.
var options = regexp.MustCompile(`'((?:[^']|'')*)'(\s*=\s*)'((?:[^']|'')*)'`)

// SQL hides the secrets among the options that a statement gives.
func SQL(text string) string {
	return options.ReplaceAllStringFunc(text, func(option string) string {
		part := options.FindStringSubmatch(option)
		return "'" + part[1] + "'" + part[2] + "'" + Option(part[1], part[3]) + "'"
	})
}
