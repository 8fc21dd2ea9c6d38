package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/thalweg/thalweg/engine"
)

func TestFunctionsOfAService(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Rows []struct{ A, B int } }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sums := make([]int, len(request.Rows))
		for i, row := range request.Rows {
			sums[i] = row.A + row.B
		}
		json.NewEncoder(w).Encode(map[string]any{"results": sums})
	}))
	defer server.Close()
	w := newWorld(t, engine.Options{Parallelism: 2})
	w.must(t, fmt.Sprintf(`CREATE FUNCTION plus AS '%s' LANGUAGE HTTP
		WITH ('signature' = '(a INT, b INT) -> BIGINT', 'batch-size' = '2', 'header.authorization' = 'Bearer xyz')`, server.URL))
	for query, want := range map[string]string{
		"SELECT plus(x, 1) FROM (VALUES 1, 2, 3, 4, 5) AS t(x)":                 "2 3 4 5 6",
		"SELECT SUM(plus(x, x)) FROM (VALUES 1, 2, 3) AS t(x)":                  "12",
		"SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE plus(x, 1) > 2 AND x < 3": "2",
	} {
		if got := w.lines(t, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	if got := w.lines(t, "DESCRIBE FUNCTION EXTENDED plus"); got != "is system function,false is temporary,false class name,"+server.URL+
		" function language,HTTP kind,SCALAR signature,PLUS(INT, INT) is deterministic,false option 'batch-size',2 option 'header.authorization',******"+
		" option 'signature',(a INT, b INT) -> BIGINT" {
		t.Error(got)
	}
	w.refused(t, "CREATE FUNCTION f AS 'http://x' LANGUAGE HTTP WITH ('signature' = '(a INT) -> INT', 'timeot' = '1 s')", "'timeot'", "language 'HTTP' has no option 'timeot'")
}
