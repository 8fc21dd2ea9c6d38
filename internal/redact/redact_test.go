package redact

import "testing"

func TestSecretsInStatements(t *testing.T) {
	for text, want := range map[string]string{
		"INSERT INTO t /*+ OPTIONS('password' = 'it''s', 'a'='b') */ SELECT 'x' = 'y'": "INSERT INTO t /*+ OPTIONS('password' = '******', 'a'='b') */ SELECT 'x' = 'y'",
		"WITH ('url' = 'jdbc:postgresql://u:p@ss@h:1/db?x=1', 'token'\n= '')":          "WITH ('url' = 'jdbc:postgresql://u:******@h:1/db?x=1', 'token'\n= '******')",
		"'url' = 'nats://h:4222,nats://u:p@h'":                                         "'url' = 'nats://h:4222,nats://u:******@h'",
		"SELECT 'unfinished":                                                           "SELECT 'unfinished",
	} {
		if got := SQL(text); got != want {
			t.Errorf("%s\nis shown as %s", text, got)
		}
	}
}

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
