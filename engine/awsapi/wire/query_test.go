package wire

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// TestQueryProtocol asks a service of the older protocol, whose calls are forms and
// whose answers are XML, beside one of JSON.
func TestQueryProtocol(t *testing.T) {
	q := NewQuery("sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")
	q.Handle("Who", func(c Call) []Member { return []Member{NewMember("Id", c.AccessKey), NewMember("At", c.Region)} })
	h := NewHandler(&Verifier{}, "us-east-1", slog.New(slog.DiscardHandler), NewService("Echo_1", "echo"))
	h.AddQuery(q)
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	for _, c := range []struct {
		name, body, auth string
		status           int
		has              []string
	}{
		{"an action", "Action=Who&Version=2011-06-15", anyAuthorization, http.StatusOK, []string{
			`<WhoResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><WhoResult><Id>A</Id><At>eu-west-1</At></WhoResult>`, "<RequestId>"}},
		{"another action", "Action=Other&Version=2011-06-15", anyAuthorization, http.StatusBadRequest, []string{"<Code>InvalidAction</Code>", "Other"}},
		{"another version", "Action=Who&Version=1", anyAuthorization, http.StatusBadRequest, []string{"<Code>InvalidAction</Code>"}},
		{"unsigned", "Action=Who&Version=2011-06-15", "", http.StatusBadRequest, []string{"<Code>" + codeMissingToken + "</Code>", "<Type>Sender</Type>"}},
		{"no form", "Action=%zz", anyAuthorization, http.StatusBadRequest, []string{"<Code>" + CodeSerialization + "</Code>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(h, "", form, c.auth, []byte(c.body))
			if w.Code != c.status || w.Header().Get("Content-Type") != contentXML {
				t.Errorf("%d, %s", w.Code, w.Header().Get("Content-Type"))
			}
			for _, part := range c.has {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("%s lacks %s", w.Body, part)
				}
			}
		})
	}
}
