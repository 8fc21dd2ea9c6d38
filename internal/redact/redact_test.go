package redact

import "testing"

func TestOnlySecretsAreHidden(t *testing.T) {
	for key, hidden := range map[string]bool{
		"header.x-team": true, "openai.api-key": true, "avro-confluent.basic-auth.user-info": true, "password": true,
		"ssl.keystore.Password": true, "topic": false, "key.format": false, "csv.header": true, "primary-key": false, "url": false,
	} {
		if got := Option(key, "v") == Hidden; got != hidden {
			t.Errorf("'%s' hidden: %t", key, got)
		}
	}
}
