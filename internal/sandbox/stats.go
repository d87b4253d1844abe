package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	keepArrivals = 3600    // seconds for which arrivals are remembered
	keepLog      = 200_000 // requests of which the instant is remembered
)

// Stats is what the server counted since it started or was reset.
type Stats struct {
	Requests        []RequestCount `json:"requests"` // by route, method and status
	InFlight        int            `json:"in_flight"`
	HighestInFlight int            `json:"highest_in_flight"`
	Running         []RunningQuery `json:"running"`  // queries in the engine or waiting for it, oldest first
	Queries         []QueryLoad    `json:"queries"`  // by project
	Faults          []FaultCount   `json:"faults"`   // by kind
	Arrivals        []Arrival      `json:"arrivals"` // seconds with at least one request, oldest first
}

// QueryLoad is how many requests with a query (POST …/query/) of one project are open.
type QueryLoad struct {
	Project  int64 `json:"project"`
	InFlight int   `json:"in_flight"`
	Highest  int   `json:"highest"`
}

// FaultCount is how many requests a kind of fault has met.
type FaultCount struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// Received is one request as it came in.
type Received struct {
	At      time.Time `json:"at"`
	Project int64     `json:"project"` // 0 outside of projects, and for @current
	Class   string    `json:"class"`   // which limit counts it: "query", "general" or "values"; "" for what is no route
	Method  string    `json:"method"`
	Route   string    `json:"route"` // as in RequestCount
}

// Busiest returns the highest number of the requests that match within any span of time; log is in the order
// of Received.At, as Server.Log gives it.
func Busiest(log []Received, span time.Duration, match func(Received) bool) int {
	var window []time.Time
	most := 0
	for _, r := range log {
		if !match(r) {
			continue
		}
		for len(window) > 0 && r.At.Sub(window[0]) >= span {
			window = window[1:]
		}
		window = append(window, r.At)
		most = max(most, len(window))
	}
	return most
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
	queries  map[int64]QueryLoad
	faults   map[string]int
	log      []Received
}

func newCounters() *counters {
	return &counters{requests: map[RequestCount]int{}, queries: map[int64]QueryLoad{}, faults: map[string]int{}}
}

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

// received notes what a request is, once that is known.
func (c *counters) received(r Received, query bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.log) == keepLog {
		c.log = slices.Delete(c.log, 0, keepLog/2)
	}
	c.log = append(c.log, r)
	if query {
		c.load(r.Project, 1)
	}
}

// load changes the number of a project's open queries.
func (c *counters) load(project int64, by int) {
	l := c.queries[project]
	l.Project = project
	l.InFlight += by
	l.Highest = max(l.Highest, l.InFlight)
	c.queries[project] = l
}

func (c *counters) fault(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[kind]++
}

// end notes how a request was answered.
func (c *counters) end(r Received, query bool, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.requests[RequestCount{Method: r.Method, Route: r.Route, Status: status}]++
	if query {
		c.load(r.Project, -1)
	}
}

// requestLog returns the requests in the order of their arrival.
func (c *counters) requestLog() []Received {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := slices.Clone(c.log)
	slices.SortStableFunc(log, func(a, b Received) int { return a.At.Compare(b.At) })
	return log
}

// reset forgets everything but the requests in flight.
func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.requests)
	clear(c.faults)
	c.highest, c.arrivals, c.log = c.inFlight, nil, nil
	for project, l := range c.queries {
		l.Highest = l.InFlight
		c.queries[project] = l
	}
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{InFlight: c.inFlight, HighestInFlight: c.highest, Arrivals: slices.Clone(c.arrivals)}
	for key, n := range c.requests {
		key.Count = n
		s.Requests = append(s.Requests, key)
	}
	s.Queries = slices.SortedFunc(maps.Values(c.queries), func(a, b QueryLoad) int { return cmp.Compare(a.Project, b.Project) })
	for _, kind := range slices.Sorted(maps.Keys(c.faults)) {
		s.Faults = append(s.Faults, FaultCount{kind, c.faults[kind]})
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
