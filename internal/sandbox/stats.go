package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"sync"
	"time"
)

// keepArrivals is for how many seconds arrivals are remembered.
const keepArrivals = 3600

// Stats is what the server counted since it started or was reset.
type Stats struct {
	Requests        []RequestCount `json:"requests"` // by route, method and status
	InFlight        int            `json:"in_flight"`
	HighestInFlight int            `json:"highest_in_flight"`
	Running         []RunningQuery `json:"running"`  // queries in the engine or waiting for it, oldest first
	Arrivals        []Arrival      `json:"arrivals"` // seconds with at least one request, oldest first
}

// RequestCount is how often a route was answered with a status. Status 0 is a connection that was cut.
type RequestCount struct {
	Method string `json:"method"`
	Route  string `json:"route"` // with {project} and {id}; "other" for paths that are no route
	Status int    `json:"status"`
	Count  int    `json:"count"`
}

// RunningQuery is a query that has not ended.
type RunningQuery struct {
	Project int64     `json:"project"`
	ID      string    `json:"id"` // the client's id, or one that the server made
	Async   bool      `json:"async"`
	Started time.Time `json:"started"`
	HogQL   string    `json:"hogql"`
}

// Arrival is how many requests began in a second.
type Arrival struct {
	Second int64 `json:"second"` // Unix time
	Count  int   `json:"count"`
}

// Count returns the number of answers to method and route, with any status, or with one of those given.
func (s Stats) Count(method, route string, status ...int) int {
	n := 0
	for _, r := range s.Requests {
		if r.Method == method && r.Route == route && (len(status) == 0 || slices.Contains(status, r.Status)) {
			n += r.Count
		}
	}
	return n
}

// counters is the part of the server that counts.
type counters struct {
	mu       sync.Mutex
	requests map[RequestCount]int // Count is 0 in the keys
	inFlight int
	highest  int
	arrivals []Arrival
}

func newCounters() *counters { return &counters{requests: map[RequestCount]int{}} }

// begin notes the arrival of a request.
func (c *counters) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight++
	c.highest = max(c.highest, c.inFlight)
	now := time.Now().Unix()
	if n := len(c.arrivals); n > 0 && c.arrivals[n-1].Second == now {
		c.arrivals[n-1].Count++
		return
	}
	if len(c.arrivals) == keepArrivals {
		c.arrivals = slices.Delete(c.arrivals, 0, 1)
	}
	c.arrivals = append(c.arrivals, Arrival{Second: now, Count: 1})
}

// end notes how a request was answered.
func (c *counters) end(method, route string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.requests[RequestCount{Method: method, Route: route, Status: status}]++
}

// reset forgets everything but the requests in flight.
func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.requests)
	c.highest, c.arrivals = c.inFlight, nil
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{InFlight: c.inFlight, HighestInFlight: c.highest, Arrivals: slices.Clone(c.arrivals)}
	for key, n := range c.requests {
		key.Count = n
		s.Requests = append(s.Requests, key)
	}
	slices.SortFunc(s.Requests, func(a, b RequestCount) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return s
}

// statusWriter remembers the status that was written; 0 until then.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
