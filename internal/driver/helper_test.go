package driver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// canary is the key of every test; no log, error or answer may hold it.
const canary = "phx_canary5ecret5ecret5ecret"

const jsonType = "application/json"

// okBody is the smallest good answer to a query.
const okBody = `{"results":[[1]],"columns":["1"],"types":[["1","UInt8"]],"is_cached":false,"timezone":"UTC"}`

// fake is a transport in memory: it answers by a function, which gets the number of the request from 1,
// and keeps what was sent, and when. It works in a synctest bubble.
type fake struct {
	answer  func(n int, r *http.Request) reaction
	project bool // hand requests for the project itself to answer, too

	mu   sync.Mutex
	sent []sentRequest
}

type sentRequest struct {
	Method, Path, Body string
	Query              string
	Header             http.Header
	At                 time.Time
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if !f.project && r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/api/projects/") && strings.Count(r.URL.Path, "/") == 4 {
		return reply(200, jsonType, `{"id":1,"name":"Demo","timezone":"Europe/Berlin","week_start_day":1,"api_token":"phc_secret"}`).response()
	}
	f.mu.Lock()
	f.sent = append(f.sent, sentRequest{r.Method, r.URL.Path, string(body), r.URL.RawQuery, r.Header, time.Now()})
	n := len(f.sent)
	f.mu.Unlock()
	return f.answer(n, r).response()
}

// requests gives what was sent so far, without the reading of the project's name.
func (f *fake) requests() []sentRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sentRequest(nil), f.sent...)
}

// reaction is what the transport does with a request: an answer, or a failure of the network.
type reaction struct {
	status int
	header http.Header
	body   string
	err    error
}

func (r reaction) response() (*http.Response, error) {
	if r.err != nil {
		return nil, r.err
	}
	return &http.Response{StatusCode: r.status, Header: r.header, Body: io.NopCloser(strings.NewReader(r.body))}, nil
}

func reply(status int, contentType, body string, header ...string) reaction {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return reaction{status: status, header: h, body: body}
}

// always answers every request alike.
func always(status int, contentType, body string, header ...string) func(int, *http.Request) reaction {
	return func(int, *http.Request) reaction { return reply(status, contentType, body, header...) }
}

// detail is PostHog's error shape.
func detail(typ, code, text string) string {
	return fmt.Sprintf(`{"type":%q,"code":%q,"detail":%q,"attr":null}`, typ, code, text)
}

// lockedBuffer is a log that many goroutines may write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newLog() (*lockedBuffer, *slog.Logger) {
	log := &lockedBuffer{}
	return log, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// newClient makes a client over a fake transport; change adapts its options. When the test ends, the log
// must not hold the key.
func newClient(t *testing.T, f *fake, change func(*driver.Options)) *driver.Client {
	t.Helper()
	log, logger := newLog()
	o := driver.Options{
		BaseURL: "https://us.posthog.com", Key: func() string { return canary }, ProjectID: 1, MaxRetries: 3,
		Logger: logger,
		HTTP:   &http.Client{Transport: f},
	}
	if change != nil {
		change(&o)
	}
	c, err := driver.New(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Close()
		require.NotContains(t, log.String(), canary)
	})
	return c
}

func asError(t *testing.T, err error) *driver.Error {
	t.Helper()
	e, ok := errors.AsType[*driver.Error](err)
	require.True(t, ok, "%v is no *driver.Error", err)
	require.NotContains(t, e.Error(), canary)
	require.NotContains(t, fmt.Sprintf("%+v", *e), canary)
	return e
}

// unique is a query that no other is like, so that it shares nothing.
func unique() string { return fmt.Sprintf("SELECT 1 AS q%d", serial.Add(1)) }

var serial atomic.Int64

// cells are the values of all rows.
func cells(rows []driver.Row) [][]any {
	out := make([][]any, len(rows))
	for i, r := range rows {
		out[i] = r.Values()
	}
	return out
}

func selectOne(t *testing.T, c *driver.Client) (*driver.Result, error) {
	t.Helper()
	return c.Query(t.Context(), driver.QueryRequest{HogQL: unique()})
}
