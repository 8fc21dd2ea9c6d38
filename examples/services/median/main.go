// Command median is a service with one aggregate function, MEDIAN, for
//
//	CREATE FUNCTION median AS 'http://127.0.0.1:9000/' LANGUAGE HTTP
//	WITH ('signature' = '(v DOUBLE) -> AGGREGATE(DOUBLE)', 'retract' = 'true', 'merge' = 'true');
//
// It keeps nothing: the state of a group comes with each request and goes back with the
// answer.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
)

// state is how often each value was added. A number is below 0 in a part of a group that
// took away what another part added.
type state map[float64]int

// entry is a value of a state in JSON, whose objects have texts as keys.
type entry struct {
	V float64 `json:"v"`
	N int     `json:"n"`
}

// request is what Thalweg asks: each group has rows to add or to take away, or states of
// other tasks to merge.
type request struct {
	Groups []struct {
		State   []entry   `json:"state"`
		Rows    []entry   `json:"rows"`
		Retract []bool    `json:"retract"`
		Merge   [][]entry `json:"merge"`
	} `json:"groups"`
}

// group is the answer for one.
type group struct {
	State  []entry  `json:"state"`
	Result *float64 `json:"result"`
}

func (s state) add(entries ...entry) {
	for _, e := range entries {
		if s[e.V] += e.N; s[e.V] == 0 {
			delete(s, e.V)
		}
	}
}

// answer gives the state in JSON, and the median.
func (s state) answer() group {
	out := group{State: []entry{}}
	var values []float64
	for _, v := range slices.Sorted(maps.Keys(s)) {
		out.State = append(out.State, entry{v, s[v]})
		for range s[v] {
			values = append(values, v)
		}
	}
	if n := len(values); n > 0 {
		middle := (values[(n-1)/2] + values[n/2]) / 2
		out.Result = &middle
	}
	return out
}

func median(w http.ResponseWriter, r *http.Request) {
	var asked request
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	groups := make([]group, len(asked.Groups))
	for i, g := range asked.Groups {
		s := state{}
		s.add(g.State...)
		for j, row := range g.Rows {
			row.N = 1
			if len(g.Retract) > 0 && g.Retract[j] {
				row.N = -1
			}
			s.add(row)
		}
		s.add(slices.Concat(g.Merge...)...)
		groups[i] = s.answer()
	}
	json.NewEncoder(w).Encode(map[string]any{"groups": groups})
}

func main() {
	address := flag.String("listen", "127.0.0.1:9000", "where to listen")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(median)))
}
