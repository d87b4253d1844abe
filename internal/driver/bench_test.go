package driver_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

const benchRow = `["user_signed_up","https://example.com/pricing?utm_source=x",1204,9.99,"2026-06-14T22:10:03.114000Z"],`

func benchAnswer(rows int) string {
	return `{"columns":["event","url","n","amount","timestamp"],"results":[` + strings.TrimSuffix(strings.Repeat(benchRow, rows), ",") + `]}`
}

func benchClient(b *testing.B, change func(*driver.Options)) *driver.Client {
	b.Helper()
	o := driver.Options{BaseURL: "https://us.posthog.com", Key: func() string { return canary }, ProjectID: 1, PerMinute: 1 << 30, PerHour: 1 << 30}
	change(&o)
	c, err := driver.New(o)
	require.NoError(b, err)
	b.Cleanup(c.Close)
	return c
}

// BenchmarkLargeResult reads the largest answer PostHog gives: 50,000 rows, here of five columns.
func BenchmarkLargeResult(b *testing.B) {
	body := benchAnswer(50_000)
	c := benchClient(b, func(o *driver.Options) { o.HTTP = &http.Client{Transport: &fake{answer: always(200, jsonType, body)}} })
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		res, err := c.Query(b.Context(), driver.QueryRequest{HogQL: "SELECT 1", Fresh: true})
		require.NoError(b, err)
		require.Len(b, res.Rows, 50_000)
	}
}

// p50 reports the median of what call takes.
func p50(b *testing.B, call func()) {
	b.Helper()
	call()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		call()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
}

// BenchmarkOverhead compares an answer of 20 rows through the driver with the same exchange by a bare http.Client,
// over a real connection.
func BenchmarkOverhead(b *testing.B) {
	body := benchAnswer(20)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, body)
	}))
	defer s.Close()
	b.Run("bare", func(b *testing.B) {
		text := []byte(`{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"refresh":"force_blocking","client_query_id":"00dc6ad1-46d4-7ef1-a8e5-b4ee45cf1066"}`)
		client := s.Client()
		p50(b, func() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL+"/api/projects/1/query/", bytes.NewReader(text))
			require.NoError(b, err)
			resp, err := client.Do(r)
			require.NoError(b, err)
			_, err = io.ReadAll(resp.Body)
			require.NoError(b, err)
			require.NoError(b, resp.Body.Close())
		})
	})
	b.Run("driver", func(b *testing.B) {
		c := benchClient(b, func(o *driver.Options) { o.BaseURL = s.URL })
		p50(b, func() {
			res, err := c.Query(b.Context(), driver.QueryRequest{HogQL: "SELECT 1", Fresh: true})
			require.NoError(b, err)
			require.Len(b, res.Rows, 20)
		})
	})
	b.Run("kept", func(b *testing.B) {
		c := benchClient(b, func(o *driver.Options) { o.BaseURL, o.CacheAge = s.URL, time.Hour })
		p50(b, func() {
			_, err := c.Query(b.Context(), driver.QueryRequest{HogQL: "SELECT 1"})
			require.NoError(b, err)
		})
	})
}

// BenchmarkBreakerOpen is how long a call takes while PostHog is down.
func BenchmarkBreakerOpen(b *testing.B) {
	c := benchClient(b, func(o *driver.Options) {
		o.BreakerFailures, o.BreakerTimeout = 1, time.Hour
		o.HTTP = &http.Client{Transport: &fake{answer: always(502, "text/html", "")}}
	})
	p50(b, func() {
		_, err := c.Query(b.Context(), driver.QueryRequest{HogQL: "SELECT 1"})
		require.Error(b, err)
	})
}
