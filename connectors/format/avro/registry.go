package avro

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/internal/errs"
)

// requestTimeout bounds one request to a registry, attempts how often one is made.
const (
	requestTimeout = 10 * time.Second
	attempts       = 3
	retryAfter     = 100 * time.Millisecond
	responseMax    = 16 << 20
)

// registry is a client of a schema registry that speaks Confluent's REST interface.
// It keeps what it has learnt: an id means the same schema for ever. Any goroutine
// may use it.
type registry struct {
	// urls are tried in turn.
	urls   []string
	header http.Header
	client *http.Client
	life   context.Context

	mu      sync.Mutex
	schemas map[uint32]avro.Schema
}

// registryConfig says where a registry is and who asks.
type registryConfig struct {
	urls     string // parted by commas
	userInfo string // user:password
	token    string
	// life ends requests and the waits between them; nil never does.
	life context.Context
}

func newRegistry(c registryConfig) (*registry, error) {
	r := &registry{header: http.Header{}, client: &http.Client{Timeout: requestTimeout}, life: c.life, schemas: map[uint32]avro.Schema{}}
	if r.life == nil {
		r.life = context.Background()
	}
	for _, u := range strings.Split(c.urls, ",") {
		u = strings.TrimRight(strings.TrimSpace(u), "/")
		parsed, err := url.Parse(u)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			return nil, errs.Userf("the schema registry's address '%s' is none", u).WithHint("for example http://127.0.0.1:8081")
		}
		if parsed.User != nil && c.userInfo == "" {
			c.userInfo = parsed.User.String()
			parsed.User = nil
			u = parsed.String()
		}
		r.urls = append(r.urls, u)
	}
	switch {
	case c.token != "":
		r.header.Set("Authorization", "Bearer "+c.token)
	case c.userInfo != "":
		r.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.userInfo)))
	}
	return r, nil
}

// schema gives the schema of an id.
func (r *registry) schema(id uint32) (avro.Schema, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.schemas[id]; ok {
		return s, nil
	}
	var answer struct {
		Schema     string `json:"schema"`
		SchemaType string `json:"schemaType"`
		References []struct {
			Subject string `json:"subject"`
			Version int    `json:"version"`
		} `json:"references"`
	}
	if err := r.call(http.MethodGet, fmt.Sprintf("/schemas/ids/%d", id), nil, &answer); err != nil {
		return nil, err
	}
	if answer.SchemaType != "" && answer.SchemaType != "AVRO" {
		return nil, errs.Userf("schema %d of the registry is of %s, not AVRO", id, answer.SchemaType)
	}
	cache := &avro.SchemaCache{}
	for _, ref := range answer.References {
		if err := r.reference(cache, ref.Subject, ref.Version, 0); err != nil {
			return nil, err
		}
	}
	s, err := avro.ParseWithCache(answer.Schema, "", cache)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "schema %d of the registry", id)
	}
	r.schemas[id] = s
	return s, nil
}

// referencesMax bounds how deep schemas may refer to others.
const referencesMax = 16

// reference adds the types of another subject's schema to cache.
func (r *registry) reference(cache *avro.SchemaCache, subject string, version, depth int) error {
	var answer struct {
		Schema     string `json:"schema"`
		References []struct {
			Subject string `json:"subject"`
			Version int    `json:"version"`
		} `json:"references"`
	}
	if depth > referencesMax {
		return errs.Userf("schemas of the registry refer to one another more than %d deep", referencesMax)
	}
	path := fmt.Sprintf("/subjects/%s/versions/%d", url.PathEscape(subject), version)
	if err := r.call(http.MethodGet, path, nil, &answer); err != nil {
		return err
	}
	for _, ref := range answer.References {
		if err := r.reference(cache, ref.Subject, ref.Version, depth+1); err != nil {
			return err
		}
	}
	_, err := avro.ParseWithCache(answer.Schema, "", cache)
	return errs.Wrap(errs.User, err, "schema of the subject '%s'", subject)
}

// register gives the id of a schema under a subject, which it makes if need be.
func (r *registry) register(subject, schema string) (uint32, error) {
	body, err := json.Marshal(map[string]string{"schema": schema})
	if err != nil {
		return 0, errs.Wrap(errs.Bug, err, "a schema as JSON")
	}
	var answer struct {
		ID uint32 `json:"id"`
	}
	err = r.call(http.MethodPost, "/subjects/"+url.PathEscape(subject)+"/versions", body, &answer)
	return answer.ID, errs.Wrap(errs.Resource, err, "registering the schema of the subject '%s'", subject)
}

// call makes a request, again if the registry can't be reached or is out of order.
func (r *registry) call(method, path string, body []byte, answer any) error {
	var err error
	for n := range attempts * len(r.urls) {
		if n >= len(r.urls) {
			select {
			case <-r.life.Done():
				return errs.Wrap(errs.Resource, r.life.Err(), "schema registry")
			case <-time.After(retryAfter << (n / len(r.urls))):
			}
		}
		var again bool
		if again, err = r.once(method, r.urls[n%len(r.urls)]+path, body, answer); err == nil || !again {
			return err
		}
	}
	return err
}

func (r *registry) once(method, address string, body []byte, answer any) (again bool, err error) {
	req, err := http.NewRequestWithContext(r.life, method, address, bytes.NewReader(body))
	if err != nil {
		return false, errs.Wrap(errs.User, err, "schema registry")
	}
	req.Header = r.header.Clone()
	req.Header.Set("Accept", "application/vnd.schemaregistry.v1+json, application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	}
	res, err := r.client.Do(req)
	if err != nil {
		return true, errs.Wrap(errs.Resource, err, "schema registry")
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, responseMax))
	if err != nil {
		return true, errs.Wrap(errs.Resource, err, "schema registry: %s", address)
	}
	if res.StatusCode != http.StatusOK {
		return res.StatusCode >= 500, refusal(res.StatusCode, address, data)
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return false, errs.Wrap(errs.Resource, err, "schema registry: %s", address)
	}
	return false, nil
}

// refusal is the error of an answer that is none.
func refusal(status int, address string, data []byte) error {
	var why struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	class := errs.Resource
	if status < 500 {
		class = errs.User
	}
	if json.Unmarshal(data, &why) == nil && why.Message != "" {
		return errs.Newf(class, "schema registry: %s (%d): %s", why.Message, why.Code, address)
	}
	return errs.Newf(class, "schema registry: HTTP status %d: %s", status, address)
}
