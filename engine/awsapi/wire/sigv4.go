package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The codes of refused signatures.
const (
	codeMissingToken        = "MissingAuthenticationTokenException"
	codeIncompleteSignature = "IncompleteSignatureException"
	codeInvalidSignature    = "InvalidSignatureException"
	codeUnrecognizedClient  = "UnrecognizedClientException"
	codeAccessDenied        = "AccessDeniedException"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	timeForm  = "20060102T150405Z"
	// clockSkewMax is how far a signature's time may be from ours.
	clockSkewMax = 5 * time.Minute
)

// Verifier decides whose calls are served. With credentials, a call must be signed
// with one of them; without any, every signature is taken as it is, but only from
// this machine.
type Verifier struct {
	// Secrets are the secret keys by access key id.
	Secrets map[string]string
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// credential is what a call's signature says of it.
type credential struct {
	accessKey, date, region, service string
}

// scope is the credential's scope as it is signed.
func (c credential) scope() string {
	return strings.Join([]string{c.date, c.region, c.service, "aws4_request"}, "/")
}

// signature is a call's signature, taken apart.
type signature struct {
	credential credential
	headers    []string
	value      string
	time       string
}

// verify checks a call's signature.
func (v *Verifier) verify(r *http.Request, service string, body []byte) (credential, error) {
	s, err := v.admit(r, service)
	if err != nil {
		return credential{}, err
	}
	return s.credential, v.match(r, s, body)
}

// admit checks what can be known of a call without its body: strangers are turned away
// before theirs takes memory.
func (v *Verifier) admit(r *http.Request, service string) (signature, error) {
	s, err := parseSignature(r)
	if err != nil {
		return s, err
	}
	if len(v.Secrets) == 0 {
		if !fromLoopback(r) || !v.servesOrigin(r) {
			return s, Errorf(codeAccessDenied, "without credentials in the server's configuration only calls from the same machine are served")
		}
		return s, nil
	}
	if _, ok := v.Secrets[s.credential.accessKey]; !ok {
		return s, Errorf(codeUnrecognizedClient, "the access key id %q is not known here", s.credential.accessKey)
	}
	if s.credential.service != service {
		return s, Errorf(codeInvalidSignature, "the credential is for the service %q, not %q", s.credential.service, service)
	}
	return s, v.checkTime(s)
}

// match checks the signature of a call that was admitted against its body as it was sent.
func (v *Verifier) match(r *http.Request, s signature, body []byte) error {
	if len(v.Secrets) > 0 && !hmac.Equal([]byte(sign(r, s, v.Secrets[s.credential.accessKey], body)), []byte(s.value)) {
		return Errorf(codeInvalidSignature, "the signature does not match: check the secret key and the signing method")
	}
	return nil
}

func (v *Verifier) checkTime(s signature) error {
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	at, err := time.Parse(timeForm, s.time)
	if err != nil || !strings.HasPrefix(s.time, s.credential.date) {
		return Errorf(codeIncompleteSignature, "the time %q is not of the form %s and on the credential's day", s.time, timeForm)
	}
	if skew := now().Sub(at); skew.Abs() > clockSkewMax {
		return Errorf(codeInvalidSignature, "the signature is of %s, and now it is %s: check the clock", s.time, now().UTC().Format(timeForm))
	}
	return nil
}

// servesOrigin reports that the page which a browser calls for is served. Without
// credentials it must be of this machine: a browser here calls for any page of the web.
func (v *Verifier) servesOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || len(v.Secrets) > 0 {
		return true
	}
	page, err := url.Parse(origin)
	if err != nil {
		return false
	}
	ip := net.ParseIP(page.Hostname())
	return page.Hostname() == "localhost" || strings.HasSuffix(page.Hostname(), ".localhost") || ip != nil && ip.IsLoopback()
}

// fromLoopback reports that the peer is on this machine.
func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// parseSignature reads the Authorization header, or a presigned URL's query.
func parseSignature(r *http.Request) (signature, error) {
	header, query := r.Header.Get("Authorization"), r.URL.Query()
	presigned := query.Has("X-Amz-Algorithm")
	switch {
	case header != "" && presigned:
		return signature{}, Errorf(codeInvalidSignature, "found both an Authorization header and an X-Amz-Algorithm query")
	case presigned:
		return presignedSignature(query)
	case header == "":
		return signature{}, Errorf(codeMissingToken, "Missing Authentication Token")
	}
	fields := map[string]string{}
	rest, ok := strings.CutPrefix(header, algorithm)
	for part := range strings.FieldsFuncSeq(rest, func(c rune) bool { return c == ',' || c == ' ' }) {
		key, value, _ := strings.Cut(part, "=")
		fields[key] = value
	}
	return makeSignature(ok, fields["Credential"], fields["SignedHeaders"], fields["Signature"], r.Header.Get("X-Amz-Date"))
}

func presignedSignature(q url.Values) (signature, error) {
	return makeSignature(q.Get("X-Amz-Algorithm") == algorithm, q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"),
		q.Get("X-Amz-Signature"), q.Get("X-Amz-Date"))
}

// makeSignature checks that nothing is missing.
func makeSignature(known bool, scope, headers, value, at string) (signature, error) {
	parts := strings.Split(scope, "/")
	if !known || len(parts) < 5 || headers == "" || value == "" {
		return signature{}, Errorf(codeIncompleteSignature,
			"the Authorization header needs %s with Credential, SignedHeaders and Signature", algorithm)
	}
	n := len(parts)
	c := credential{strings.Join(parts[:n-4], "/"), parts[n-4], parts[n-3], parts[n-2]}
	return signature{c, strings.Split(headers, ";"), value, at}, nil
}

// sign computes what the signature must be.
func sign(r *http.Request, s signature, secret string, body []byte) string {
	hash := sha256.Sum256([]byte(canonicalRequest(r, s, body)))
	text := strings.Join([]string{algorithm, s.time, s.credential.scope(), hex.EncodeToString(hash[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.credential.date, s.credential.region, s.credential.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func canonicalRequest(r *http.Request, s signature, body []byte) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var headers strings.Builder
	for _, name := range s.headers {
		values := slices.Clone(r.Header.Values(name))
		switch name { // HTTP/2 has the host in :authority, which some clients sign
		case "host", ":authority":
			values = []string{r.Host}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		for i := range values {
			values[i] = strings.Join(strings.Fields(values[i]), " ")
		}
		headers.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	return strings.Join([]string{r.Method, path, canonicalQuery(r.URL.Query()), headers.String(),
		strings.Join(s.headers, ";"), payloadHash(r, body)}, "\n")
}

// unsignedPayload is what clients that rely on TLS send instead of a hash.
const unsignedPayload = "UNSIGNED-PAYLOAD"

func payloadHash(r *http.Request, body []byte) string {
	if r.Header.Get("X-Amz-Content-Sha256") == unsignedPayload {
		return unsignedPayload
	}
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

// canonicalQuery is the query in order, without the signature itself.
func canonicalQuery(q url.Values) string {
	q.Del("X-Amz-Signature")
	return strings.ReplaceAll(q.Encode(), "+", "%20")
}
