package driver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

const page502 = "<!DOCTYPE html><html><head><title>502 Bad\nGateway</title><script>x</script></head><body>" + canary + "</body></html>"

// untilDeadline is how often a request is sent that PostHog refuses for being too many: as long as the waits fit.
const untilDeadline = -1

// Every outcome of the query endpoint: its kind, and how many attempts it gets with three retries allowed.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const server, valid, throttled, auth = "server_error", "validation_error", "throttled_error", "authentication_error"
	for _, tt := range []struct {
		name     string
		status   int
		body     string
		header   []string
		kind     driver.Kind
		attempts int
		want     driver.Error // fields to compare where set
	}{
		{name: "syntax", status: 400, body: detail(valid, "hogql_syntax_error", "mismatched input\n'FRM'"), kind: driver.Invalid, attempts: 1,
			want: driver.Error{Code: "hogql_syntax_error", Detail: "mismatched input 'FRM'"}},
		{name: "unknown table", status: 400, body: detail(valid, "hogql_query_error", "Unknown table `evnts`."), kind: driver.Invalid, attempts: 1},
		{name: "parse", status: 400, body: detail("invalid_request", "parse_error", "JSON parse error - x"), kind: driver.Invalid, attempts: 1},
		{name: "too many bytes", status: 400, body: detail(valid, "too_many_bytes", "Limit for bytes exceeded"), kind: driver.TooLarge, attempts: 1},
		{name: "list detail", status: 400, body: `{"type":"validation_error","code":"invalid_input","detail":["a","b"]}`, kind: driver.Invalid, attempts: 1,
			want: driver.Error{Detail: `["a","b"]`}},
		{name: "key", status: 401, body: detail(auth, "authentication_failed", "Personal API key found in request Authorization header is invalid."), kind: driver.Unauthorized, attempts: 1},
		{name: "quota", status: 402, body: detail(server, "quota_limit_exceeded", "used up"), kind: driver.Quota, attempts: 1},
		{name: "scope", status: 403, body: detail(auth, "permission_denied", "API key missing required scope 'query:read'"), kind: driver.Forbidden, attempts: 1,
			want: driver.Error{Scope: "query:read"}},
		{name: "project", status: 404, body: detail("invalid_request", "not_found", "Project not found."), kind: driver.NotFound, attempts: 1, want: driver.Error{Detail: "project 1 not found"}},
		{name: "method", status: 405, body: detail("invalid_request", "method_not_allowed", "x"), kind: driver.NotFound, attempts: 1},
		{name: "conflict", status: 409, body: detail(server, "conflict", "x"), kind: driver.Invalid, attempts: 1},
		{name: "too large", status: 413, body: "<h1>413 Request Entity Too Large</h1>", header: []string{"html"}, kind: driver.TooLarge, attempts: 1},
		{name: "rate", status: 429, body: detail(throttled, "throttled", "Request was throttled. Expected available in 7 seconds."), kind: driver.Busy, attempts: untilDeadline,
			want: driver.Error{RetryAfter: 7 * time.Second}},
		{name: "rate for an hour", status: 429, body: detail(throttled, "throttled", "Request was throttled. Expected available in 3599 seconds."), kind: driver.Busy, attempts: 1},
		{name: "concurrency", status: 429, body: detail(throttled, "throttled", "Exceeded maximum concurrency limit: 3 for key: api:query:per-team:42 and task: 0198"), kind: driver.Busy, attempts: untilDeadline},
		{name: "bug", status: 500, body: detail(server, "error", "A server error occurred."), kind: driver.Internal, attempts: 2},
		{name: "bug as page", status: 500, body: page502, header: []string{"html"}, kind: driver.Internal, attempts: 2},
		{name: "clickhouse", status: 500, body: detail(server, "error", "ClickHouse error while executing query."), kind: driver.Internal, attempts: 1},
		{name: "size", status: 500, body: detail(server, "error", "Query size exceeded."), kind: driver.TooLarge, attempts: 1},
		{name: "gateway", status: 502, body: page502, header: []string{"html"}, kind: driver.Unavailable, attempts: 4,
			want: driver.Error{Code: driver.CodeNotJSON, Detail: "not JSON but a web page: 502 Bad Gateway"}},
		{name: "gateway empty", status: 502, header: []string{"html"}, kind: driver.Unavailable, attempts: 4, want: driver.Error{Detail: "not JSON but an empty answer"}},
		{name: "gateway json", status: 502, body: detail(server, "error", "x"), kind: driver.Unavailable, attempts: 4},
		{name: "at capacity", status: 503, body: detail(server, "error", "Queries are a little too busy right now."), kind: driver.Busy, attempts: 4},
		{name: "postgres", status: 503, body: detail(server, "database_unavailable", "x"), header: []string{"Retry-After", "1"}, kind: driver.Unavailable, attempts: 4,
			want: driver.Error{RetryAfter: time.Second}},
		{name: "schema", status: 503, body: detail(server, "database_schema_unavailable", "x"), kind: driver.Unavailable, attempts: 4},
		{name: "proxy 503", status: 503, body: "upstream connect error", header: []string{"html"}, kind: driver.Unavailable, attempts: 4,
			want: driver.Error{Detail: "not JSON but text: upstream connect error"}},
		{name: "query time-out", status: 504, body: detail(server, "error", "Query exceeded the max execution time"), kind: driver.TooSlow, attempts: 1},
		{name: "proxy time-out", status: 504, body: page502, header: []string{"html"}, kind: driver.Unavailable, attempts: 4},
		{name: "estimate", status: 512, body: detail(server, "error", "Estimated query execution time (61 seconds) is too long."), kind: driver.TooSlow, attempts: 1},
		{name: "memory", status: 513, body: detail(server, "clickhouse_memory_limit_exceeded", "Query ran out of memory."), kind: driver.TooLarge, attempts: 1},
		{name: "heavy load", status: 513, body: detail(server, "clickhouse_memory_limit_exceeded", "We are under heavy load."), kind: driver.Busy, attempts: 1,
			want: driver.Error{RetryAfter: 2 * time.Minute}},
		{name: "login page with 200", status: 200, body: page502, header: []string{"html"}, kind: driver.Unavailable, attempts: 4},
		{name: "malformed", status: 200, body: `{"results":[[1],`, kind: driver.Unavailable, attempts: 4, want: driver.Error{Code: driver.CodeBadBody}},
		{name: "no JSON in JSON", status: 200, body: `hello`, kind: driver.Unavailable, attempts: 4},
		{name: "malformed error", status: 400, body: `{"detail":`, kind: driver.Invalid, attempts: 1},
		{name: "row too short", status: 200, body: `{"results":[[1,2],[3]],"columns":["a","b"]}`, kind: driver.Unavailable, attempts: 4},
		{name: "no results", status: 200, body: `{"columns":["a"]}`, kind: driver.Unavailable, attempts: 4},
		{name: "results no list", status: 200, body: `{"results":7,"columns":["a"]}`, kind: driver.Unavailable, attempts: 4},
		{name: "error in 200", status: 200, body: `{"results":[],"columns":[],"error":"DB::Exception: no"}`, kind: driver.Invalid, attempts: 1},
		{name: "proxy 401", status: 401, body: page502, header: []string{"html"}, kind: driver.Unauthorized, attempts: 1},
		{name: "proxy 403", status: 403, body: page502, header: []string{"html"}, kind: driver.Forbidden, attempts: 1},
		{name: "proxy 404", status: 404, body: page502, header: []string{"html"}, kind: driver.NotFound, attempts: 1},
		{name: "proxy 429", status: 429, body: page502, header: []string{"html", "", "Retry-After", "3"}, kind: driver.Busy, attempts: untilDeadline, want: driver.Error{RetryAfter: 3 * time.Second}},
		{name: "proxy 400", status: 400, body: page502, header: []string{"html"}, kind: driver.Invalid, attempts: 1},
		{name: "proxy 408", status: 408, body: page502, header: []string{"html"}, kind: driver.Unavailable, attempts: 4},
		{name: "moved without address", status: 304, body: "", header: []string{"html"}, kind: driver.Unavailable, attempts: 1, want: driver.Error{Code: driver.CodeRedirect}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				contentType := jsonType
				if len(tt.header) > 0 && tt.header[0] == "html" {
					contentType, tt.header = "text/html; charset=utf-8", tt.header[min(2, len(tt.header)):]
				}
				f := &fake{answer: always(tt.status, contentType, tt.body, tt.header...)}
				c := newClient(t, f, func(o *driver.Options) { o.BreakerFailures = 100 })
				_, err := selectOne(t, c)
				e := asError(t, err)
				require.Equal(t, tt.kind, e.Kind, e)
				require.Equal(t, tt.status, e.Status)
				if tt.attempts == untilDeadline {
					require.Greater(t, e.Attempts, 4)
					require.LessOrEqual(t, e.Attempts, 20)
				} else {
					require.Equal(t, tt.attempts, e.Attempts)
				}
				require.Len(t, f.requests(), e.Attempts)
				require.Equal(t, "run query", e.Op)
				require.NotContains(t, e.Error(), "<")
				if tt.want.Code != "" {
					require.Equal(t, tt.want.Code, e.Code)
				}
				if tt.want.Detail != "" {
					require.Equal(t, tt.want.Detail, e.Detail)
				}
				if tt.want.RetryAfter != 0 {
					require.Equal(t, tt.want.RetryAfter, e.RetryAfter)
				}
				require.Equal(t, tt.want.Scope, e.Scope)
			})
		})
	}
}

// What a failure of the network becomes.
func TestNetworkFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		err      error
		code     string
		attempts int
		detail   string
	}{
		{"refused", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, driver.CodeNetwork, 4, "the connection failed: connect: connection refused"},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, driver.CodeNetwork, 4, "connection reset"},
		{"cut", io.ErrUnexpectedEOF, driver.CodeNetwork, 4, "the connection failed: unexpected EOF"},
		{"no host", &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, driver.CodeNetwork, 1, "no host of this name"},
		{"time-out", &net.DNSError{Err: "timeout", Name: "x", IsTimeout: true}, driver.CodeNetwork, 4, "no answer in time"},
		{"other name", &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}}, driver.CodeTLS, 1, "made for another name"},
		{"expired", &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, driver.CodeTLS, 1, "expired"},
		{"bad chain", &tls.CertificateVerificationError{Err: errors.New("x")}, driver.CodeTLS, 1, "not accepted: invalid"},
		{"with key", errors.New("bad header Bearer " + canary), driver.CodeNetwork, 4, "phx_…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{answer: func(int, *http.Request) reaction { return reaction{err: tt.err} }}
				c := newClient(t, f, func(o *driver.Options) { o.BreakerFailures = 100 })
				_, err := selectOne(t, c)
				e := asError(t, err)
				require.Equal(t, driver.Unavailable, e.Kind)
				require.Equal(t, tt.code, e.Code)
				require.Equal(t, tt.attempts, e.Attempts)
				require.Contains(t, e.Detail, tt.detail)
				require.NotContains(t, e.Detail, "posthog.com")
				require.ErrorIs(t, err, tt.err)
			})
		})
	}
}

// A self-signed certificate, a plain port, a redirect to another host, an answer cut in the middle: over a
// real connection.
func TestRealConnections(t *testing.T) {
	t.Parallel()
	var elsewhere string
	mux := http.NewServeMux()
	mux.HandleFunc("/api/projects/1/query/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", elsewhere)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/api/projects/2/query/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"results":[[1]`)
	})
	mux.HandleFunc("/api/projects/3/query/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "zstd, gzip" || r.Header.Get("User-Agent") != "posthog-mcp" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, okBody)
	})
	mux.Handle("/api/projects/4/query/", http.RedirectHandler("/api/projects/3/query/", http.StatusTemporaryRedirect))
	mux.Handle("/api/projects/5/query/", http.RedirectHandler("/api/projects/3/query/", http.StatusMovedPermanently)) // would become a GET
	mux.Handle("/api/projects/6/query/", http.RedirectHandler("/api/projects/6/query/", http.StatusTemporaryRedirect))
	origin := httptest.NewServer(mux)
	defer origin.Close()
	stolen := make(chan string, 10)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen <- r.Header.Get("Authorization") }))
	defer other.Close()
	elsewhere = other.URL + "/api/projects/1/query/"
	tlsServer := httptest.NewUnstartedServer(mux)
	tlsServer.Config.ErrorLog = quiet()
	tlsServer.StartTLS()
	defer tlsServer.Close()

	ask := func(base string, project int64) error {
		c, err := driver.New(driver.Options{BaseURL: base, Key: func() string { return canary }, BreakerFailures: 100})
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Project: project})
		return err
	}
	e := asError(t, ask(origin.URL, 1))
	require.Equal(t, driver.CodeRedirect, e.Code)
	require.Empty(t, stolen)
	e = asError(t, ask(origin.URL, 2))
	require.Equal(t, driver.CodeBadBody, e.Code)
	require.Equal(t, driver.Unavailable, e.Kind)
	require.NoError(t, ask(origin.URL, 3))
	require.NoError(t, ask(origin.URL, 4))
	require.Equal(t, driver.CodeRedirect, asError(t, ask(origin.URL, 5)).Code)
	require.Equal(t, driver.CodeRedirect, asError(t, ask(origin.URL, 6)).Code)
	e = asError(t, ask(tlsServer.URL, 3))
	require.Equal(t, driver.CodeTLS, e.Code)
	require.Contains(t, e.Detail, "unknown authority")
	e = asError(t, ask(strings.Replace(origin.URL, "http:", "https:", 1), 3))
	require.Equal(t, driver.CodeTLS, e.Code)
}

func TestContextsEnd(t *testing.T) {
	t.Parallel()
	hang := func(_ int, r *http.Request) reaction {
		if r.Method == http.MethodDelete {
			return reply(200, jsonType, `{}`)
		}
		<-r.Context().Done()
		return reaction{err: r.Context().Err()}
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, &fake{answer: hang}, func(o *driver.Options) { o.Timeout = 5 * time.Second })
		started := time.Now()
		_, err := selectOne(t, c)
		require.Equal(t, driver.Deadline, asError(t, err).Kind)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(started))
	})
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, &fake{answer: hang}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := c.Query(ctx, driver.QueryRequest{HogQL: "SELECT 1"})
		require.Equal(t, driver.Cancelled, asError(t, err).Kind)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	key := func() string { return canary }
	for _, o := range []driver.Options{
		{}, {BaseURL: "us.posthog.com", Key: key}, {BaseURL: "ftp://h", Key: key}, {BaseURL: "https://u:" + canary + "@h", Key: key},
		{BaseURL: "https://h?x=1", Key: key}, {BaseURL: "https://h"}, {BaseURL: "https://h", Key: key, MaxRetries: -1}, {BaseURL: "https://h/\x7f", Key: key},
	} {
		_, err := driver.New(o)
		require.Error(t, err)
		require.NotContains(t, err.Error(), canary)
	}
}

// A key without the usual prefix is masked as well, where an answer echoes it.
func TestEchoedKey(t *testing.T) {
	t.Parallel()
	const legacy = "0123456789abcdefLEGACY"
	f := &fake{answer: always(401, jsonType, detail("authentication_error", "authentication_failed", "The key "+legacy+" is wrong."))}
	log, logger := newLog()
	c := newClient(t, f, func(o *driver.Options) { o.Key, o.Logger = func() string { return legacy }, logger })
	_, err := selectOne(t, c)
	require.Equal(t, "run query: The key [key] is wrong. (status 401)", asError(t, err).Error())
	require.NotContains(t, log.String(), legacy)
}

// A project that cannot be described does not hold up answers: one brief try, then the id alone.
func TestProjectHeadFails(t *testing.T) {
	t.Parallel()
	for _, code := range []int{403, 503} {
		f := &fake{answer: func(_ int, r *http.Request) reaction {
			if r.Method == http.MethodGet {
				return reply(code, jsonType, detail("x", "permission_denied", "API key missing required scope 'project:read'"))
			}
			return reply(200, jsonType, okBody)
		}, project: true}
		c := newClient(t, f, func(o *driver.Options) { o.MaxRetries = 0 })
		for range 3 {
			res, err := selectOne(t, c)
			require.NoError(t, err)
			require.Equal(t, driver.Project{ID: 1, TimeZone: "UTC"}, res.Project)
		}
		require.Len(t, f.requests(), 4)
		_, err := c.Project(t.Context(), 0)
		require.Error(t, err, "asked for itself, the failure is told")
	}
}
