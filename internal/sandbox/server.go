package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/sample"
)

// Options say what a Server serves.
type Options struct {
	Engine *chdb.Engine  // required; its owner closes it after the server
	World  *sample.World // required: the sample data that Engine holds

	QueryTimeout time.Duration // of one query in the engine; 0 means PostHog's 10 seconds
	QueryMemory  int64         // bytes for one query; 0 means 2 GiB
	CacheFresh   time.Duration // age up to which a cached answer counts as fresh; 0 means 3 minutes
	CacheLazy    time.Duration // the same for lazy_async; 0 means 1 hour

	Limits       bool         // hold requests to PostHog's rates and its number of queries at a time
	LimitNumbers LimitNumbers // other numbers than PostHog's
	Faults       []Fault      // how to misbehave, in this order

	Logger *slog.Logger // one line per request; nil for none
}

// Server answers as PostHog does. It is an http.Handler for the API; AdminHandler is for its owner.
type Server struct {
	engine       *chdb.Engine
	now          time.Time // the instant that the sample data ends at
	projects     map[int64]*project
	order        []int64 // of the projects
	keys         map[string]*sample.Key
	user         sample.User
	queryTimeout time.Duration
	queryMemory  int64
	cacheFresh   time.Duration
	cacheLazy    time.Duration
	logger       *slog.Logger

	routes   []*route
	limits   *limiter // nil without limits
	faults   faults
	counters *counters
	cache    *cache
	runs     runs
	statuses *statuses

	ctx  context.Context // of every run; it ends with Close
	stop context.CancelFunc
	work sync.WaitGroup // background runs
}

// New returns a server for the data of World. Its runs end with ctx or Close.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.Engine == nil || o.World == nil {
		return nil, errors.New("the sandbox needs an engine and its sample data")
	}
	s := &Server{
		engine: o.Engine, now: o.World.Now, user: o.World.User,
		projects: map[int64]*project{}, keys: map[string]*sample.Key{},
		queryTimeout: orElse(o.QueryTimeout, 10*time.Second), queryMemory: orElse(o.QueryMemory, 2<<30),
		cacheFresh: orElse(o.CacheFresh, 3*time.Minute), cacheLazy: orElse(o.CacheLazy, time.Hour),
		logger: o.Logger, counters: newCounters(), cache: newCache(), statuses: newStatuses(),
	}
	for i := range o.World.Projects {
		p := &o.World.Projects[i]
		s.projects[p.ID] = &project{Project: p}
		s.order = append(s.order, p.ID)
	}
	for i := range o.World.Keys {
		s.keys[o.World.Keys[i].Value] = &o.World.Keys[i]
	}
	if o.Limits {
		s.limits = newLimiter(o.LimitNumbers)
	}
	s.SetFaults(o.Faults...)
	s.routes = s.routeTable()
	s.ctx, s.stop = context.WithCancel(ctx)
	return s, nil
}

func orElse[T ~int64](value, absent T) T {
	if value == 0 {
		return absent
	}
	return value
}

// Close ends all runs and waits for the background ones.
func (s *Server) Close() {
	s.stop()
	s.work.Wait()
}

// SetFaults replaces the faults that wait for requests.
func (s *Server) SetFaults(list ...Fault) { s.faults.set(list) }

// ServeHTTP answers one request to the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	s.counters.begin()
	c, err := s.receive(w, r)
	seen := c.received(start)
	s.counters.received(seen, c.isQuery())
	sw := &statusWriter{ResponseWriter: w}
	defer func() {
		s.counters.end(seen, c.isQuery(), sw.status)
		if s.logger != nil {
			s.logger.Info("request", "method", r.Method, "route", seen.Route, "status", sw.status, "duration", time.Since(start))
		}
	}()
	s.withFaults(sw, c, func(w http.ResponseWriter) {
		var rep *reply
		if err == nil {
			rep, err = s.answer(c)
		}
		if err != nil {
			s.writeFailure(w, r, err)
			return
		}
		maps.Copy(w.Header(), rep.header)
		writeJSON(w, rep.status, rep.body)
	})
}
