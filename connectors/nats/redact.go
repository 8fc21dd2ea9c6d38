package nats

import (
	"net/url"
	"strings"
)

// redact takes passwords out of server addresses, for messages.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, p := range parts {
		if u, err := url.Parse(strings.TrimSpace(p)); err == nil {
			parts[i] = u.Redacted()
		} else {
			parts[i] = "(an address that can't be parsed)"
		}
	}
	return strings.Join(parts, ",")
}
