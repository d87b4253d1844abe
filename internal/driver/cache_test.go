package driver_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// An answer is given again for a while, with its age; fresh goes past it.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(time.Second)}
		var mu sync.Mutex
		outcomes := map[string]int{}
		c := newClient(t, f, func(o *driver.Options) {
			o.Hooks.Cache = func(part, outcome string) {
				mu.Lock()
				defer mu.Unlock()
				outcomes[part+" "+outcome]++
			}
		})
		ask := func(fresh bool) *driver.Result {
			res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Fresh: fresh})
			require.NoError(t, err)
			return res
		}
		first := ask(false)
		require.False(t, first.Cached)
		time.Sleep(30 * time.Second)
		again := ask(false)
		require.True(t, again.Cached)
		require.Equal(t, first.AsOf, again.AsOf)
		require.Equal(t, first.Rows, again.Rows)
		require.Zero(t, again.Attempts)
		require.Zero(t, again.Elapsed)
		require.Len(t, f.requests(), 1)
		fresh := ask(true)
		require.False(t, fresh.Cached)
		require.Len(t, f.requests(), 2)
		time.Sleep(59 * time.Second)
		again = ask(false)
		require.Equal(t, fresh.AsOf, again.AsOf, "a fresh answer takes the place of the older one")
		time.Sleep(2 * time.Second)
		require.False(t, ask(false).Cached, "kept for a minute")
		require.Len(t, f.requests(), 3)
		require.Equal(t, map[string]int{"answer hit": 2, "answer miss": 3, "project head miss": 1, "project head hit": 4}, outcomes)
	})
}

// The cache keeps no more bytes than it may: the least recently used answers go, and too big ones are not kept.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	rows := func(n int) string {
		return `{"columns":["a"],"results":[["` + strings.Repeat("x", n) + `"]]}`
	}
	f := &fake{answer: func(_ int, r *http.Request) reaction {
		b, _ := r.GetBody()
		text := make([]byte, 200)
		n, _ := b.Read(text)
		if strings.Contains(string(text[:n]), "big") {
			return reply(200, jsonType, rows(40_000))
		}
		return reply(200, jsonType, rows(20_000))
	}}
	c := newClient(t, f, func(o *driver.Options) { o.CacheBytes, o.PerMinute = 100_000, 10_000 })
	ask := func(text string) bool {
		res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: text})
		require.NoError(t, err)
		return res.Cached
	}
	for _, text := range []string{"a", "b", "c", "d"} {
		require.False(t, ask(text))
	}
	require.True(t, ask("a"), "used last, so that b goes first")
	require.False(t, ask("e"))
	require.False(t, ask("b"))
	require.True(t, ask("a"))
	require.True(t, ask("e"))
	require.False(t, ask("big"))
	require.False(t, ask("big"))
	require.True(t, ask("a"), "what is too big puts nothing out")
	none := newClient(t, f, func(o *driver.Options) { o.CacheBytes = -1 })
	for range 2 {
		res, err := none.Query(t.Context(), driver.QueryRequest{HogQL: "a"})
		require.NoError(t, err)
		require.False(t, res.Cached)
	}
	aged := newClient(t, f, func(o *driver.Options) { o.CacheAge = -1 })
	for range 2 {
		res, err := aged.Query(t.Context(), driver.QueryRequest{HogQL: "a"})
		require.NoError(t, err)
		require.False(t, res.Cached)
	}
}

// An old catalogue is given at once while it is renewed, and when PostHog is down; it says so. A key that may no
// longer read gets nothing from what was kept.
func TestOldCatalogue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names, failure := `{"results":[{"id":1,"name":"Demo"}]}`, reaction{}
		var mu sync.Mutex
		f := &fake{project: true, answer: func(_ int, r *http.Request) reaction {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			if failure.status != 0 {
				return failure
			}
			return routes(map[string]string{"/api/personal_api_keys/@current/": `{}`, "/api/projects/": names, "/api/projects/1/": `{"id":1}`})(0, r)
		}}
		c := newClient(t, f, func(o *driver.Options) { o.MaxRetries = 0 })
		list := func() (name string, notes []string, took time.Duration) {
			began := time.Now()
			o, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProject}})
			require.NoError(t, err)
			return o.Items[0].Name, o.Notes, time.Since(began)
		}
		name, notes, took := list()
		require.Contains(t, name, "Demo")
		require.Empty(t, notes)
		require.Equal(t, 3*time.Second, took)
		mu.Lock()
		names = `{"results":[{"id":1,"name":"Renamed"}]}`
		mu.Unlock()
		time.Sleep(15 * time.Minute)
		for range 3 {
			name, notes, took = list()
			require.Contains(t, name, "Demo")
			require.Zero(t, took)
			require.Equal(t, []string{"projects as of 00:00:00 UTC: being renewed, ask again for the newest"}, notes)
		}
		time.Sleep(3 * time.Second)
		name, notes, took = list()
		require.Contains(t, name, "Renamed")
		require.Empty(t, notes)
		require.Zero(t, took)
		require.Len(t, f.requests(), 6, "renewed once")

		mu.Lock()
		failure = reply(502, "text/html", page502)
		mu.Unlock()
		time.Sleep(2 * time.Hour)
		name, notes, took = list()
		require.Contains(t, name, "Renamed")
		require.Equal(t, []string{"projects as of 00:15:03 UTC: PostHog gives no newer one (not JSON but a web page: 502 Bad Gateway)"}, notes)
		require.Equal(t, 2*time.Second, took, "the list, and the project's name")
		time.Sleep(13 * time.Hour)
		_, notes, _ = list()
		require.Contains(t, notes[0], "projects as of 2000-01-01 00:15:03 UTC")

		mu.Lock()
		failure = reply(401, jsonType, detail("authentication_error", "authentication_failed", "x"))
		mu.Unlock()
		_, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProject}})
		require.Equal(t, driver.Unauthorized, asError(t, err).Kind)
		mu.Lock()
		failure = reply(502, "text/html", page502)
		mu.Unlock()
		time.Sleep(25 * time.Hour)
		_, err = c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProject}})
		require.Equal(t, driver.Unavailable, asError(t, err).Kind, "a day is the end")
	})
}

// A renewal that fails is not tried again by every caller.
func TestFailedRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{project: true, answer: routes(map[string]string{"/api/personal_api_keys/@current/": `{}`, "/api/projects/": `{"results":[]}`})}
		c := newClient(t, f, func(o *driver.Options) { o.MaxRetries = 0 })
		_, err := c.Projects(t.Context())
		require.NoError(t, err)
		time.Sleep(15 * time.Minute)
		f.answer = always(502, "text/html", page502)
		for range 20 {
			_, err := c.Projects(t.Context())
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, len(f.requests()), 2+3)
	})
}
