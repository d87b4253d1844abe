package driver_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

const throttledError = "throttled_error"

// Whatever comes, and whoever leaves: no span of a minute holds more than the number, and no more are in flight.
func TestWindowsProperty(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			perMinute, inFlight := 5+rnd.IntN(200), 1+rnd.IntN(6)
			flying, most := 0, 0
			var mu sync.Mutex
			f := &fake{answer: func(n int, r *http.Request) reaction {
				if r.Method == http.MethodDelete { // needs no place
					return reply(200, jsonType, `{}`)
				}
				mu.Lock()
				flying++
				most = max(most, flying)
				mu.Unlock()
				defer func() { mu.Lock(); flying--; mu.Unlock() }()
				if n%17 == 0 {
					return reply(503, jsonType, detail("server_error", "database_unavailable", "x"), "Retry-After", "1")
				}
				return slowly(time.Duration(n*7919%3000)*time.Millisecond)(n, r)
			}}
			c := newClient(t, f, func(o *driver.Options) {
				o.PerMinute, o.PerHour, o.MaxConcurrency = perMinute, 100_000, inFlight
			})
			var wg sync.WaitGroup
			for range 400 {
				time.Sleep(time.Duration(rnd.ExpFloat64() * float64(300*time.Millisecond)))
				timeout := time.Duration(rnd.IntN(90_000)+1) * time.Millisecond
				wg.Go(func() {
					_, _ = c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Timeout: timeout})
				})
			}
			wg.Wait()
			c.Close()
			sent := f.requests()
			for i := perMinute; i < len(sent); i++ {
				require.Greater(t, sent[i].At.Sub(sent[i-perMinute].At), time.Minute, "seed %d: %d a minute", seed, perMinute)
			}
			require.LessOrEqual(t, most, inFlight, "seed %d", seed)
			require.Greater(t, len(sent), min(perMinute, 20))
		})
	}
}

// The wait that PostHog names is kept by all callers of the project and class, and by no others.
func TestThrottleStopsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var refused time.Time
		f := &fake{}
		f.answer = func(n int, r *http.Request) reaction {
			if n == 1 {
				time.Sleep(10 * time.Millisecond)
				refused = time.Now()
				return reply(429, jsonType, detail(throttledError, "throttled", "Request was throttled. Expected available in 2 seconds."))
			}
			return slowly(100*time.Millisecond)(n, r)
		}
		c := newClient(t, f, nil)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := selectOne(t, c)
				require.NoError(t, err)
			})
		}
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Project: 2})
		require.NoError(t, err)
		require.Equal(t, 100*time.Millisecond, time.Since(began), "another project goes on")
		began = time.Now()
		_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Timeout: time.Second})
		e := asError(t, err)
		require.Equal(t, driver.CodeRateLimit, e.Code)
		require.Zero(t, time.Since(began), "the wait does not fit: answered at once")
		wg.Wait()
		after := 0
		for _, r := range f.requests() {
			if r.Path == "/api/projects/1/query/" && r.At.After(refused) {
				require.GreaterOrEqual(t, r.At.Sub(refused), 2*time.Second)
				if after == 0 {
					require.Equal(t, f.requests()[0].Body, r.Body, "it keeps its place")
				}
				after++
			}
		}
		require.Equal(t, 48, after, "two were in flight when the first was refused")
		sent := f.requests()
		require.Less(t, time.Since(refused), 6*time.Second)
		require.GreaterOrEqual(t, sent[5].At.Sub(sent[4].At), 100*time.Millisecond, "one goes ahead: %v", sent[5].At.Sub(sent[4].At))
	})
}

// PostHog's concurrency limit, used by others too, lowers the cap; it is won back slowly.
func TestConcurrencyIsLearned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		flying, allowed, refusals := 0, 1, 0
		var most int
		f := &fake{answer: func(n int, r *http.Request) reaction {
			mu.Lock()
			defer mu.Unlock()
			if flying >= allowed {
				refusals++
				return reply(429, jsonType, detail(throttledError, "throttled", "Exceeded maximum concurrency limit: 3 for key: api:query:per-team:42 and task: 0198"))
			}
			flying++
			most = max(most, flying)
			mu.Unlock()
			out := slowly(200*time.Millisecond)(n, r)
			mu.Lock()
			flying--
			return out
		}}
		inFlight := make(chan int, 10_000)
		c := newClient(t, f, func(o *driver.Options) {
			o.PerMinute, o.PerHour, o.Timeout = 10_000, 100_000, 5*time.Minute
			o.Hooks.InFlight = func(_ int64, class string, n int) {
				if class == "query" {
					inFlight <- n
				}
			}
		})
		var wg sync.WaitGroup
		for range 100 { // 20 s of work for one place
			wg.Go(func() {
				_, err := selectOne(t, c)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.Equal(t, 1, most)
		require.Less(t, refusals, 8)
		for len(inFlight) > 0 {
			<-inFlight
		}
		mu.Lock()
		allowed, refusals, most = 3, 0, 0
		mu.Unlock()
		time.Sleep(2 * time.Minute)
		for range 30 {
			wg.Go(func() {
				_, err := selectOne(t, c)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.Zero(t, refusals)
		require.Equal(t, 3, most, "won back")
	})
}

// First come, first served; a call that must try again keeps its place; the queue has an end.
func TestQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(time.Second)}
		c := newClient(t, f, func(o *driver.Options) { o.MaxConcurrency, o.MaxQueue = 1, 5 })
		var wg sync.WaitGroup
		var order []string
		for i := range 6 {
			text := string(rune('a' + i))
			order = append(order, text)
			wg.Go(func() {
				_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: text})
				require.NoError(t, err)
			})
			synctest.Wait()
		}
		began := time.Now()
		_, err := selectOne(t, c)
		e := asError(t, err)
		require.Equal(t, driver.Busy, e.Kind)
		require.Equal(t, driver.CodeQueueFull, e.Code)
		require.Positive(t, e.RetryAfter)
		require.Zero(t, time.Since(began))
		wg.Wait()
		for i, r := range f.requests() {
			require.Contains(t, r.Body, `"query":"`+order[i]+`"`)
		}
		_, err = selectOne(t, c)
		require.NoError(t, err)
	})
}

// A cancellation does not wait for a window that is full of queries.
func TestCancelHasRoomInTheWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(time.Minute)}
		c := newClient(t, f, func(o *driver.Options) { o.PerMinute, o.MaxConcurrency, o.Timeout = 200, 300, time.Hour })
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 250 {
			wg.Go(func() { _, _ = c.Query(ctx, driver.QueryRequest{HogQL: unique()}) })
		}
		time.Sleep(59 * time.Second)
		require.Equal(t, map[string]int{"POST": 198}, methods(f.requests()))
		cancel()
		wg.Wait()
		time.Sleep(500 * time.Millisecond)
		require.Equal(t, map[string]int{"POST": 198, "DELETE": 2}, methods(f.requests()))
		c.Close()
	})
}

// Clients with different keys share the limits of a host, and none of its answers.
func TestSharedHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(200, jsonType, okBody)}
		o := driver.Options{BaseURL: "https://us.posthog.com", PerMinute: 4, HTTP: &http.Client{Transport: f}}
		h, err := driver.NewHost(o)
		require.NoError(t, err)
		client := func(key string) *driver.Client {
			return newClient(t, f, func(o *driver.Options) {
				o.Host, o.HTTP, o.PerMinute, o.Key = h, nil, 1000, func() string { return key }
			})
		}
		a, b, again := client(canary+"a"), client(canary+"b"), client(canary+"a")
		q := driver.QueryRequest{HogQL: "SELECT 1"}
		for i, c := range []*driver.Client{a, b, again} {
			res, err := c.Query(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, i == 2, res.Cached)
		}
		require.Len(t, f.requests(), 2)
		require.Equal(t, "Bearer "+canary+"b", f.requests()[1].Header.Get("Authorization"))
		for _, c := range []*driver.Client{a, b} {
			_, err := selectOne(t, c)
			require.NoError(t, err)
		}
		_, err = c10s(t, a)
		require.Equal(t, driver.CodeRateLimit, asError(t, err).Code)
		_, err = c10s(t, b)
		require.Equal(t, driver.CodeRateLimit, asError(t, err).Code)
		_, err = driver.New(driver.Options{BaseURL: "https://eu.posthog.com", Host: h, Key: func() string { return canary }})
		require.ErrorContains(t, err, "not that of the shared host")
	})
}

func c10s(t *testing.T, c *driver.Client) (*driver.Result, error) {
	t.Helper()
	return c.Query(t.Context(), driver.QueryRequest{HogQL: unique(), Timeout: 10 * time.Second})
}
