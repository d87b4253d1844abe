package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// judge sends a query with a fault as a careful client does, and returns what the client can tell of it:
// "right" for the right answer, or how it sees that something is wrong. Anything else fails the test.
func judge(t *testing.T, s *sandboxtest.Sandbox, fault string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if strings.HasPrefix(fault, "silent") {
		ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
	}
	body := `{"query":{"kind":"HogQLQuery","query":"SELECT number, 'text' FROM numbers(1000) LIMIT 1000"}}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/projects/1/query/", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+keyAll)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Sandbox-Fault", fault)
	client := http.Client{
		Transport:     &http.Transport{MaxResponseHeaderBytes: 1 << 20, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return "no answer"
	}
	defer func() { require.NoError(t, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Sprint(resp.StatusCode)
	}
	if resp.Header.Get("Content-Type") != "application/json" {
		return "no JSON by its type"
	}
	const most = 4 << 20
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return "cut"
	}
	if len(text) == most {
		return "too big"
	}
	if !json.Valid(text) {
		return "no JSON"
	}
	var a struct{ Results [][]any }
	if json.Unmarshal(text, &a) != nil {
		return "wrong types"
	}
	require.Len(t, a.Results, 1000)
	for i, row := range a.Results {
		require.Equal(t, []any{float64(i), "text"}, row)
	}
	return "right"
}

// Whatever the fault: a client gets the right answer, or can tell that it did not.
func TestEveryFaultShows(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	want := map[string]string{
		"slow:1ms": "right", "drip:1ms": "right", "silent": "no answer",
		"cut": "no answer", "cut:body": "cut", "truncated": "no JSON", "garbage": "no JSON", "types": "wrong types", "empty": "no JSON",
		"endless": "too big", "bomb": "too big", "bomb:1": "no JSON", "header": "no answer",
		"html200": "no JSON by its type", "redirect": "307", "502html": "502", "504html": "504",
		"429rate": "429", "500": "500", "503retry": "503", "503skew": "503",
		"429concurrency": "429", "503busy": "503", "504json": "504", "512": "512", "513query": "513", "513cluster": "513", "402": "402",
	}
	tested := map[string]bool{}
	for fault, seen := range want {
		require.Equal(t, seen, judge(t, s, fault), fault)
		f, err := sandbox.ParseFault(fault)
		require.NoError(t, err)
		tested[f.Kind] = true
	}
	for _, name := range sandbox.FaultNames() {
		require.True(t, tested[name], "no test for the fault %s", name)
	}
	list := &exchange{method: "GET", path: "/api/projects/1/groups_types/", key: keyAll, header: map[string]string{"X-Sandbox-Fault": "types"}}
	require.Equal(t, `"neither a list nor an object"`, list.do(t, s).text)
	stats := s.Server.Stats()
	require.Len(t, stats.Faults, len(sandbox.FaultNames()))
	require.Contains(t, stats.Faults, sandbox.FaultCount{Kind: "cut", Count: 2})
}

// Chaos is a mix that mostly lets through, has some of each kind, and is the same for the same seed.
func TestChaosMix(t *testing.T) {
	t.Parallel()
	const n = 20_000
	count := map[string]int{}
	differ := 0
	for i := 1; i <= n; i++ {
		f, found := sandbox.Chaos(7, i)
		again, foundAgain := sandbox.Chaos(7, i)
		require.Equal(t, f, again)
		require.Equal(t, found, foundAgain)
		other, foundOther := sandbox.Chaos(8, i)
		if f != other || found != foundOther {
			differ++
		}
		if found {
			count[f.Kind]++
			parsed, err := sandbox.ParseFault(f.String())
			require.NoError(t, err)
			require.Equal(t, parsed, f, "what chaos draws can be asked for")
		}
	}
	total := 0
	for _, name := range sandbox.FaultNames() {
		require.Positive(t, count[name], name)
		total += count[name]
	}
	require.InDelta(t, 0.23, float64(total)/n, 0.03)
	require.Greater(t, differ, n/10)
}

// Chaos over HTTP does what Chaos says, in the order of the requests, and never lies.
func TestChaosServed(t *testing.T) {
	t.Parallel()
	const requests = 150
	want := map[string]int{}
	seed := uint64(0)
	for seed = 1; ; seed++ { // one that has no silence, which would keep the test waiting
		clear(want)
		for i := 1; i <= requests; i++ {
			if f, found := sandbox.Chaos(seed, i); found {
				want[f.Kind]++
			}
		}
		if want["silent"] == 0 {
			break
		}
	}
	spec := fmt.Sprintf("chaos:%d", seed)
	s := sandboxtest.Start(t, sandboxtest.WithFaults(t, spec))
	for i := 1; i <= requests; i++ {
		if _, found := sandbox.Chaos(seed, i); !found {
			require.Equal(t, "right", judge(t, s, ""))
		} else {
			judge(t, s, "")
		}
	}
	got := map[string]int{}
	for _, f := range s.Server.Stats().Faults {
		got[f.Kind] = f.Count
	}
	require.Equal(t, want, got)

	once, err := sandbox.ParseFault("chaos:1*1")
	require.NoError(t, err)
	s.Server.SetFaults(once)
	judge(t, s, "")
	for range 20 {
		require.Equal(t, "right", judge(t, s, ""), "chaos for one request only")
	}
}

// A fault that waits ends with the server.
func TestFaultsEndWithTheServer(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var wait sync.WaitGroup
	var list []*exchange
	for _, fault := range []string{"silent", "slow:1h", "drip:1h"} {
		e := queryOf("SELECT 1")
		e.header = map[string]string{"X-Sandbox-Fault": fault}
		list = append(list, e)
		wait.Go(func() { e.err = e.try(t, s) })
	}
	until(t, func() bool { return s.Server.Stats().InFlight == 3 })
	s.Server.Close()
	wait.Wait()
	for _, e := range list {
		require.Error(t, e.err)
	}
}

// A wrong clock is wrong in Date and in Retry-After by the same time.
func TestSkewedClock(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for fault, skew := range map[string]time.Duration{"503skew": time.Hour, "503skew:-2h": -2 * time.Hour} {
		e := queryOf("SELECT 1")
		e.header = map[string]string{"X-Sandbox-Fault": fault}
		e.do(t, s)
		date, err := http.ParseTime(e.reply.Get("Date"))
		require.NoError(t, err)
		require.InDelta(t, skew.Seconds(), time.Until(date).Seconds(), 5)
		retry, err := http.ParseTime(e.reply.Get("Retry-After"))
		require.NoError(t, err)
		require.Equal(t, time.Second, retry.Sub(date))
	}
}
