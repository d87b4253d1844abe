package driver_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// serverOf starts a server; its connections are counted.
func serverOf(t *testing.T, http2 bool, h http.HandlerFunc) (s *httptest.Server, connections *atomic.Int64) {
	t.Helper()
	s = httptest.NewUnstartedServer(h)
	connections = &atomic.Int64{}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Config.ErrorLog = quiet()
	if s.EnableHTTP2 = http2; http2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s, connections
}

// quiet is for the handshakes that servers see fail.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// clientOf makes a client of a server, whose certificate it trusts where trust says so.
func clientOf(t *testing.T, s *httptest.Server, trust bool, change func(*driver.Options)) *driver.Client {
	t.Helper()
	o := driver.Options{BaseURL: s.URL, Key: func() string { return canary }, ProjectID: 1}
	if trust {
		o.RootCAs = x509.NewCertPool()
		o.RootCAs.AddCert(s.Certificate())
	}
	if change != nil {
		change(&o)
	}
	c, err := driver.New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// isQuery tells queries from the requests for the project's name.
func isQuery(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/query/") }

// One connection serves all, over HTTP/2 and HTTP/1.1, errors included; a foreign authority is accepted only
// where the client was told of it.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{true, false} {
		var mu sync.Mutex
		protocols := map[string]int{}
		n := 0
		s, connections := serverOf(t, h2, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			protocols[r.Proto]++
			w.Header().Set("Content-Type", jsonType)
			if n++; n%2 == 0 {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, detail("validation_error", "hogql_query_error", strings.Repeat("long ", 5000)))
				return
			}
			_, _ = io.WriteString(w, okBody)
		})
		c := clientOf(t, s, h2, nil)
		for i := range 10 {
			_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: fmt.Sprintf("SELECT %d", i)})
			if err != nil {
				require.Equal(t, driver.Invalid, asError(t, err).Kind)
			}
		}
		require.Equal(t, int64(1), connections.Load())
		mu.Lock()
		require.Len(t, protocols, 1)
		require.Equal(t, h2, protocols["HTTP/2.0"] > 0, "%v", protocols)
		mu.Unlock()
		if h2 {
			_, err := clientOf(t, s, false, nil).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1"})
			e := asError(t, err)
			require.Equal(t, driver.CodeTLS, e.Code)
			require.Equal(t, 1, e.Attempts)
			require.Contains(t, e.Detail, "unknown authority")
		}
	}
}

func gzipOf(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func zstdOf(t *testing.T, text string, opts ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, opts...)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// Compressed answers are read as if they were not; what is cut, corrupt, oversized once decompressed, or
// compressed in a way that nobody asked for, is refused.
func TestCompression(t *testing.T) {
	t.Parallel()
	rows := strings.TrimSuffix(strings.Repeat(`["$pageview",18446744073709551615],`, 5000), ",")
	body := `{"columns":["event","n"],"results":[` + rows + `]}`
	blanks := `{"results":[` + strings.Repeat(" ", 80<<20)
	zipped, squeezed := gzipOf(body), zstdOf(t, body)
	wrongSum := bytes.Clone(zipped)
	wrongSum[len(wrongSum)-6] ^= 1
	for name, tt := range map[string]struct {
		encoding string
		body     []byte
		code     string // "" for the right answer
	}{
		"plain":        {"", []byte(body), ""},
		"identity":     {"identity", []byte(body), ""},
		"gzip":         {"gzip", zipped, ""},
		"zstd":         {"zstd", squeezed, ""},
		"gzip, parts":  {"gzip", append(gzipOf(body[:100]), gzipOf(body[100:])...), ""},
		"gzip, cut":    {"gzip", zipped[:len(zipped)/2], driver.CodeBadBody},
		"zstd, cut":    {"zstd", squeezed[:len(squeezed)/2], driver.CodeBadBody},
		"gzip, sum":    {"gzip", wrongSum, driver.CodeBadBody},
		"no gzip":      {"gzip", []byte(body), driver.CodeBadBody},
		"no zstd":      {"zstd", []byte(body), driver.CodeBadBody},
		"empty":        {"gzip", nil, driver.CodeBadBody},
		"unasked":      {"br", []byte(body), driver.CodeBadBody},
		"gzip, bomb":   {"gzip", gzipOf(blanks), driver.CodeResponseTooBig},
		"zstd, bomb":   {"zstd", zstdOf(t, blanks), driver.CodeResponseTooBig},
		"zstd, window": {"zstd", zstdOf(t, blanks, zstd.WithWindowSize(64<<20)), driver.CodeBadBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := serverOf(t, false, func(w http.ResponseWriter, r *http.Request) {
				if !isQuery(r) {
					w.WriteHeader(http.StatusForbidden)
					return
				}
				w.Header().Set("Content-Type", jsonType)
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = w.Write(tt.body)
			})
			c := clientOf(t, s, false, func(o *driver.Options) { o.MaxResponse = 1 << 20 })
			res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1"})
			if tt.code != "" {
				e := asError(t, err)
				require.Equal(t, tt.code, e.Code, "%v", e)
				return
			}
			require.NoError(t, err)
			require.Len(t, res.Rows, 5000)
			require.Equal(t, `["$pageview",18446744073709551615]`, string(res.Rows[4999]))
			require.Equal(t, int64(len(body)), res.Bytes, "the size is that of the text")
		})
	}
}

// Errors come compressed, too.
func TestCompressedError(t *testing.T) {
	t.Parallel()
	s, _ := serverOf(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Content-Encoding", "zstd")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(zstdOf(t, detail("validation_error", "hogql_query_error", "Unknown table `evnts`.")))
	})
	_, err := clientOf(t, s, false, nil).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 FROM evnts"})
	require.Equal(t, "Unknown table `evnts`.", asError(t, err).Detail)
}

// A header of a few kilobytes passes, one of megabytes does not.
func TestHeaderSize(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		size := &atomic.Int64{}
		s, _ := serverOf(t, h2, func(w http.ResponseWriter, _ *http.Request) {
			for i := range size.Load() { // lines of a kilobyte: a cookie, a policy
				w.Header().Add("X-Line", fmt.Sprint(i)+strings.Repeat("x", 1000))
			}
			w.Header().Set("Content-Type", jsonType)
			_, _ = io.WriteString(w, okBody)
		})
		c := clientOf(t, s, h2, nil)
		size.Store(100)
		_, err := selectOne(t, c)
		require.NoError(t, err)
		size.Store(1000)
		_, err = selectOne(t, c)
		e := asError(t, err)
		require.Equal(t, driver.Unavailable, e.Kind)
		if !h2 { // HTTP/2 calls it a PROTOCOL_ERROR
			require.Contains(t, e.Detail, "response headers exceeded 262144 bytes")
		}
	}
}

// proxied is set in the environment of the process that TestProxy starts: the file of the authority. See TestMain.
const proxied = "DRIVER_TEST_CA"

// A proxy named by the environment carries the connection, and sees no key: TLS goes through to the host. The
// environment is read once in a process, so that this needs one of its own.
func TestProxy(t *testing.T) {
	t.Parallel()
	s, _ := serverOf(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canary {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, okBody)
	})
	var mu sync.Mutex
	var seen bytes.Buffer // all that clients send to the proxy
	var hosts []string
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = proxy.Close() }()
	go func() {
		for {
			client, err := proxy.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				in := bufio.NewReader(client)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				mu.Lock()
				hosts = append(hosts, r.Method+" "+r.Host)
				_ = r.Header.Write(&seen)
				mu.Unlock()
				host, err := net.Dial("tcp", s.Listener.Addr().String())
				if err != nil {
					return
				}
				defer func() { _ = host.Close() }()
				_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
				go func() { _, _ = io.Copy(client, host) }()
				var sent bytes.Buffer
				_, _ = io.Copy(io.MultiWriter(host, &sent), in)
				mu.Lock()
				seen.Write(sent.Bytes())
				mu.Unlock()
			}()
		}
	}()
	ca := t.TempDir() + "/ca.pem"
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	for _, host := range []string{"example.com", "posthog.invalid"} {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), proxied+"="+ca, proxied+"_HOST="+host,
			"HTTPS_PROXY=http://"+proxy.Addr().String(), "NO_PROXY=posthog.invalid", "https_proxy=", "no_proxy=")
		out, err := cmd.CombinedOutput()
		if host == "example.com" {
			require.NoError(t, err, string(out))
		} else {
			require.Error(t, err, "without the proxy there is no such host: %s", out)
			require.Contains(t, string(out), "no host of this name")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"CONNECT example.com:443"}, hosts)
	require.NotZero(t, seen.Len())
	require.NotContains(t, seen.String(), canary)
}

// behindProxy is the process that TestProxy starts: example.com is in httptest's certificate.
func behindProxy(ca string) error {
	text, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	o := driver.Options{BaseURL: "https://" + os.Getenv(proxied+"_HOST"), Key: func() string { return canary }, ProjectID: 1, RootCAs: x509.NewCertPool()}
	o.RootCAs.AppendCertsFromPEM(text)
	c, err := driver.New(o)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Query(context.Background(), driver.QueryRequest{HogQL: "SELECT 1"})
	return err
}
