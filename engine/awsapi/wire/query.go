package wire

import (
	"encoding/xml"
	"mime"
	"net/http"
	"net/url"
)

const (
	// contentForm is what callers of the query protocol send.
	contentForm = "application/x-www-form-urlencoded"
	contentXML  = "text/xml"
	// formBytesMax bounds a form, which must be read to know whose it is.
	formBytesMax = 64 << 10
)

// Query is a service of AWS's older query protocol: the action and its members are
// a form, the answer is XML. Its actions take no members.
type Query struct {
	// Name is what signatures call the service, such as sts.
	Name string
	// Version is the API version that calls name, Namespace that of answers.
	Version, Namespace string
	actions            map[string]func(Call) []Member
}

// Member is a member of an answer in XML.
type Member struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// NewMember makes a member.
func NewMember(name, value string) Member { return Member{xml.Name{Local: name}, value} }

// NewQuery makes a service without actions.
func NewQuery(name, version, namespace string) *Query {
	return &Query{Name: name, Version: version, Namespace: namespace, actions: map[string]func(Call) []Member{}}
}

// Handle adds an action.
func (q *Query) Handle(name string, do func(Call) []Member) { q.actions[name] = do }

// isForm tells calls of the query protocol.
func isForm(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == contentForm && r.Method == http.MethodPost
}

// queryAnswer is the envelope of answers: ActionResponse around ActionResult.
type queryAnswer struct {
	XMLName   xml.Name
	Namespace string `xml:"xmlns,attr"`
	Result    queryResult
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type queryResult struct {
	XMLName xml.Name
	Members []Member
}

// queryFailure is the envelope of errors.
type queryFailure struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// serveForm answers a call of the query protocol.
func (h *Handler) serveForm(w http.ResponseWriter, r *http.Request) {
	id := w.Header().Get(headerRequestID)
	namespace, answer, err := h.query(w, r)
	w.Header().Set("Content-Type", contentXML)
	if err == nil {
		answer.RequestID = id
		writeXML(w, http.StatusOK, answer)
		return
	}
	e := errorOf(err)
	failure := queryFailure{Namespace: namespace, Type: "Sender", Code: e.Code, Message: e.Message, RequestID: id}
	if e.Status >= http.StatusInternalServerError {
		failure.Type = "Receiver"
		h.log.Error("call failed", "error", err)
	}
	writeXML(w, e.Status, failure)
}

// query finds the action that a form names and runs it.
func (h *Handler) query(w http.ResponseWriter, r *http.Request) (namespace string, _ queryAnswer, _ error) {
	sent, err := readBody(w, r, formBytesMax)
	if err != nil {
		return "", queryAnswer{}, err
	}
	body, err := decompress(r, sent)
	if err != nil {
		return "", queryAnswer{}, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", queryAnswer{}, Errorf(CodeSerialization, "the form can't be read: %v", err)
	}
	name := form.Get("Action")
	for _, q := range h.queries {
		do := q.actions[name]
		if do == nil || q.Version != form.Get("Version") {
			continue
		}
		credential, err := h.verifier.verify(r, q.Name, sent)
		if err != nil {
			return q.Namespace, queryAnswer{}, err
		}
		result := queryResult{xml.Name{Local: name + "Result"}, do(h.callOf(credential, Codec{}))}
		return q.Namespace, queryAnswer{XMLName: xml.Name{Local: name + "Response"}, Namespace: q.Namespace, Result: result}, nil
	}
	return "", queryAnswer{}, Errorf("InvalidAction", "there is no operation %q of version %q here", name, form.Get("Version"))
}

func writeXML(w http.ResponseWriter, status int, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	// The client has gone if this fails.
	_ = writeBody(w, status, body)
}
