package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

const (
	soakSeed    = 7
	soakCallers = 256
	soakMinute  = 5000 // queries of a project in any minute: so many that the pace matters and the test ends
	soakAtOnce  = 6
)

// soakCalls is how many calls the soak makes: 20,000 where SOAK is set (make soak).
func soakCalls() int {
	if os.Getenv("SOAK") != "" {
		return 20_000
	}
	return 1_000
}

// TestSoak lets 256 callers ask a server that fails at random. Every call ends in time, with the right answer or an
// error that is true; no answer is wrong; PostHog's limits hold; nothing is left behind, here or upstream. It is no
// parallel test: it counts the goroutines of the process.
func TestSoak(t *testing.T) {
	s := sandboxtest.Start(t, sandboxtest.WithFaults(t, fmt.Sprintf("chaos:%d", soakSeed)), sandboxtest.WithQueryTimeout(3*time.Second),
		sandboxtest.WithLimits(sandbox.LimitNumbers{Concurrency: soakAtOnce, Query: sandbox.Rate{PerMinute: soakMinute, PerHour: 60 * soakMinute}}))
	truth := soakTruth(t, s)
	before := runtime.NumGoroutine()
	meter := &meter{base: http.DefaultTransport.(*http.Transport).Clone(), now: map[string]int{}, most: map[string]int{}}
	c, err := driver.New(driver.Options{
		BaseURL: s.URL, Key: func() string { return s.Key }, ProjectID: 1, MaxRetries: 3, Backoff: 30 * time.Millisecond,
		PerMinute: soakMinute, PerHour: 60 * soakMinute, MaxConcurrency: soakAtOnce, BreakerTimeout: 250 * time.Millisecond, WinBack: time.Second,
		MaxResponse: 1 << 20, HTTP: &http.Client{Transport: meter},
	})
	require.NoError(t, err)
	began := time.Now()
	r := soak(t, c, truth, soakCalls())
	took := time.Since(began)
	c.Close()
	log := s.Server.Log()
	t.Logf("%d calls in %.1f s: %s", soakCalls(), took.Seconds(), r)
	t.Logf("%d requests, faults %v, queries at once %v", len(log), s.Server.Stats().Faults, meter.most)

	require.Empty(t, r.wrong)
	require.Greater(t, r.outcomes["right"], soakCalls()/2, "most calls are answered")
	for path, most := range meter.most {
		require.LessOrEqual(t, most, soakAtOnce, path)
	}
	for project := range int64(4) {
		most := sandbox.Busiest(log, time.Minute, func(r sandbox.Received) bool { return r.Class == "query" && r.Project == project })
		require.LessOrEqual(t, most, soakMinute, "project %d", project)
		t.Logf("project %d: %d queries in the busiest minute", project, most)
	}
	require.Eventually(t, func() bool { return len(s.Server.Stats().Running) == 0 && s.Server.Stats().InFlight == 0 }, 10*time.Second, 20*time.Millisecond,
		"runs are left upstream: %v", s.Server.Stats().Running)
	require.Eventually(t, func() bool { return s.Connections() == 0 }, 10*time.Second, 20*time.Millisecond, "connections are left")
	if !eventually(10*time.Second, func() bool { return runtime.NumGoroutine() <= before }) {
		var stacks strings.Builder
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&stacks, 1))
		require.Fail(t, "goroutines are left", "%d before, %d now\n%s", before, runtime.NumGoroutine(), stacks.String())
	}
}

// eventually waits for a condition in the goroutine of the test, because it may be the number of goroutines.
func eventually(patience time.Duration, cond func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if cond() {
			return true
		}
	}
	return cond()
}

// report is what the callers saw.
type report struct {
	mu       sync.Mutex
	outcomes map[string]int
	wrong    []string // the first of them
	longest  time.Duration
}

func (r *report) String() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(r.outcomes)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, r.outcomes[k]))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf("; longest call %.1f s", r.longest.Seconds())
}

func (r *report) note(ask *asked, took time.Duration, outcome string, fault error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[outcome]++
	r.longest = max(r.longest, took)
	if fault != nil && len(r.wrong) < 20 {
		r.wrong = append(r.wrong, fmt.Sprintf("%s (project %d, timeout %v, took %v): %v", ask.query.HogQL, ask.query.Project, ask.query.Timeout, took, fault))
	}
}

// soak makes n calls from soakCallers goroutines.
func soak(t *testing.T, c *driver.Client, truth map[string]string, n int) *report {
	t.Helper()
	r := &report{outcomes: map[string]int{}}
	next := make(chan int)
	var wait sync.WaitGroup
	for range soakCallers {
		wait.Go(func() {
			for i := range next {
				ask := newAsked(i, truth)
				ctx, cancel := context.WithCancel(t.Context())
				if ask.leave > 0 {
					time.AfterFunc(ask.leave, cancel)
				}
				began := time.Now()
				res, err := c.Query(ctx, ask.query)
				took := time.Since(began)
				cancel()
				outcome, fault := ask.judge(res, err, took)
				r.note(ask, took, outcome, fault)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	return r
}

// asked is one call and what is known of its answer.
type asked struct {
	query   driver.QueryRequest
	want    string        // the rows, as JSON; "" where the query is wrong
	leave   time.Duration // after which the caller goes away; 0: never
	endless bool          // the query runs longer than its caller waits
}

// soakTruth is what the queries on events must answer, by project and event: read past HTTP, before any fault.
func soakTruth(t *testing.T, s *sandboxtest.Sandbox) map[string]string {
	t.Helper()
	truth := map[string]string{}
	for project := 1; project <= 3; project++ {
		for _, event := range soakEvents() {
			rows := s.SQL(t, "SELECT count(), uniq(distinct_id) FROM events WHERE event = '"+event+"'", project)
			text, err := json.Marshal(rows)
			require.NoError(t, err)
			truth[fmt.Sprint(project, event)] = string(text)
		}
	}
	require.NotEqual(t, truth["1$pageview"], truth["1movie_viewed"])
	return truth
}

func soakEvents() []string {
	return []string{"$pageview", "$identify", "movie_viewed", "user_signed_up", "subscription_purchased", "nothing"}
}

// newAsked makes the i-th call: the same in each run.
func newAsked(i int, truth map[string]string) *asked {
	rng := rand.New(rand.NewPCG(soakSeed, uint64(i)))
	upTo := func(d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d))) }
	a := &asked{query: driver.QueryRequest{Project: 1 + rng.Int64N(3), Timeout: 3*time.Second + upTo(5*time.Second), Fresh: rng.IntN(2) == 0}}
	a.query.Long = rng.IntN(5) == 0
	switch dice := rng.IntN(1000); {
	case dice < 300: // many different
		a.numbers(rng.IntN(1_000_000), 1+rng.IntN(50))
	case dice < 500: // the same few again and again
		a.numbers(rng.IntN(20), 10)
	case dice < 550:
		a.numbers(i, 2000)
	case dice < 850:
		event := soakEvents()[rng.IntN(len(soakEvents()))]
		a.query.HogQL = "SELECT count(), uniq(distinct_id) FROM events WHERE event = {event}"
		a.query.Values = map[string]any{"event": event}
		a.want = truth[fmt.Sprint(a.query.Project, event)]
	case dice < 900:
		a.query.HogQL = fmt.Sprintf("SELECT nonsense_%d FROM events LIMIT 1", i)
	case dice < 905:
		a.query.HogQL = fmt.Sprintf("SELECT count(), %d FROM numbers(100000) AS a CROSS JOIN numbers(10000000) AS b LIMIT 1", i)
		a.query.Timeout, a.endless = 100*time.Millisecond+upTo(300*time.Millisecond), true
	case dice < 950: // too little time for most
		a.numbers(rng.IntN(1_000_000), 5)
		a.query.Timeout = 1 + upTo(100*time.Millisecond)
	default:
		a.numbers(rng.IntN(1_000_000), 5)
		a.leave = 1 + upTo(100*time.Millisecond)
	}
	return a
}

// numbers asks for k rows that belong to n.
func (a *asked) numbers(n, k int) {
	a.query.HogQL = fmt.Sprintf("SELECT {n} AS n, number, number + %d, concat('row ', toString(number)) FROM numbers(%d) ORDER BY number LIMIT %d", n, k, k)
	a.query.Values = map[string]any{"n": n}
	var rows []string
	for i := range k {
		rows = append(rows, fmt.Sprintf(`[%d,%d,%d,"row %d"]`, n, i, i+n, i))
	}
	a.want = "[" + strings.Join(rows, ",") + "]"
}

// judge names the outcome of a call, and says what is wrong with it.
func (a *asked) judge(res *driver.Result, err error, took time.Duration) (outcome string, fault error) {
	const slack = 10 * time.Second // of a busy machine with the race detector; a call that does not heed its deadline never ends here
	if took > a.query.Timeout+slack {
		return "late", errors.New("the call came back long after its deadline")
	}
	if err == nil {
		got, err := json.Marshal(cells(res.Rows))
		switch {
		case err != nil:
			return "wrong", err
		case a.endless || a.want == "":
			return "wrong", fmt.Errorf("an answer where none can be: %.200s", got)
		case string(got) != a.want:
			return "wrong", fmt.Errorf("got %.200s, want %.200s", got, a.want)
		case res.Project.ID != a.query.Project:
			return "wrong", fmt.Errorf("the answer is of project %d", res.Project.ID)
		case a.query.Fresh && res.Cached:
			return "wrong", errors.New("kept rows where fresh ones were asked for")
		}
		return "right", nil
	}
	e, is := errors.AsType[*driver.Error](err)
	if !is {
		return "wrong", fmt.Errorf("%T: %w", err, err)
	}
	return string(e.Kind), a.judgeError(e, took)
}

// judgeError says whether an error can be true, given the faults that chaos has.
func (a *asked) judgeError(e *driver.Error, took time.Duration) error {
	const early = 20 * time.Millisecond
	switch e.Kind {
	case driver.Unavailable, driver.Busy, driver.Internal, driver.TooSlow, driver.TooLarge, driver.Quota:
		if e.Detail == "" || strings.Contains(e.Detail, "<") {
			return fmt.Errorf("no words for a person: %q", e.Detail)
		}
		return nil
	case driver.Invalid:
		if a.want == "" && !a.endless {
			return nil
		}
	case driver.Cancelled:
		if a.leave > 0 && took >= a.leave-early {
			return nil
		}
	case driver.Deadline:
		if took >= a.query.Timeout-early {
			return nil
		}
	}
	return fmt.Errorf("cannot be: %s: %w", e.Kind, e)
}

// meter counts the queries that are on their way, by path: from the request to the end of the answer's body.
type meter struct {
	base *http.Transport
	mu   sync.Mutex
	now  map[string]int
	most map[string]int
}

func (m *meter) add(path string, by int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now[path] += by
	m.most[path] = max(m.most[path], m.now[path])
}

// RoundTrip passes the request on.
func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return m.base.RoundTrip(r)
	}
	m.add(r.URL.Path, 1)
	resp, err := m.base.RoundTrip(r)
	if err != nil {
		m.add(r.URL.Path, -1)
		return nil, err
	}
	resp.Body = &meteredBody{resp.Body, sync.OnceFunc(func() { m.add(r.URL.Path, -1) })}
	return resp, nil
}

// CloseIdleConnections closes those of the transport.
func (m *meter) CloseIdleConnections() { m.base.CloseIdleConnections() }

type meteredBody struct {
	io.ReadCloser
	end func()
}

// Close ends the request's time.
func (b *meteredBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
