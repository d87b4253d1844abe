package driver

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// brief are limits for tests; each test shortens one.
func brief(change func(*timeouts)) timeouts {
	t := usualTimeouts()
	change(&t)
	return t
}

// ask sends one request over a transport with these limits.
func ask(t *testing.T, limits timeouts, url string, roots *x509.CertPool) error {
	t.Helper()
	tr := newTransport(limits, roots)
	defer tr.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := tr.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, resp.Body.Close())
	return err
}

// PostHog may keep a query for 30 s in its queue and run it for 10 more; no limit of ours is shorter.
func TestLongAnswersAreAllowed(t *testing.T) {
	t.Parallel()
	require.Greater(t, usualTimeouts().header, time.Minute)
	require.Greater(t, usualTimeouts().idle, time.Minute)
}

// A host that takes no more connections: the limit of dialling ends the wait.
func TestDialTimeout(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	raw, err := l.(*net.TCPListener).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) })) // a queue of one
	require.NoError(t, err)
	for range 4 { // fill it
		c, err := net.DialTimeout("tcp4", l.Addr().String(), 100*time.Millisecond)
		if err == nil {
			defer func() { _ = c.Close() }()
		}
	}
	err = ask(t, brief(func(t *timeouts) { t.dial = 50 * time.Millisecond }), "http://"+l.Addr().String(), nil)
	e := networkError(t.Context(), "run query", err)
	require.Equal(t, "no answer in time from the host", e.Detail)
	require.Equal(t, Unavailable, e.Kind)
	require.False(t, e.final)
}

// A host that is connected and says nothing: the limit of the handshake.
func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	err = ask(t, brief(func(t *timeouts) { t.handshake = 50 * time.Millisecond }), "https://"+l.Addr().String(), nil)
	require.Equal(t, "no answer in time from the host", networkError(t.Context(), "run query", err).Detail)
}

// A host that takes the request and says nothing: the limit of the header, over HTTP/1.1 and HTTP/2. The
// body may then take any time.
func TestHeaderTimeout(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				<-r.Context().Done()
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(300 * time.Millisecond)
			_, _ = io.WriteString(w, "late")
		}))
		s.EnableHTTP2 = h2
		s.StartTLS()
		defer s.Close()
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		limits := brief(func(t *timeouts) { t.header = 150 * time.Millisecond })
		err := ask(t, limits, s.URL+"/silent", roots)
		require.Equal(t, "no answer in time from the host", networkError(t.Context(), "run query", err).Detail, "HTTP/2: %t", h2)
		require.NoError(t, ask(t, limits, s.URL+"/late", roots))
	}
}

// A connection that nobody uses is closed.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	s.Start()
	defer s.Close()
	tr := newTransport(brief(func(t *timeouts) { t.idle = 20 * time.Millisecond }), nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	resp, err := tr.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the connection stays")
	}
}

// A connection over HTTP/2 that died without a word, as behind a router that forgot it: the request on it fails
// soon, and the next one gets a new connection.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			close(hang)
			<-r.Context().Done()
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	var dead atomic.Bool
	router, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = router.Close() }()
	forward := func(to, from net.Conn, lost *atomic.Bool) {
		defer func() { _ = to.Close() }()
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			if !lost.Load() {
				_, _ = to.Write(buf[:n])
			}
		}
	}
	go func() {
		for lost := &dead; ; lost = new(atomic.Bool) { // the first connection only
			client, err := router.Accept()
			if err != nil {
				return
			}
			host, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				return
			}
			go forward(host, client, lost)
			go forward(client, host, lost)
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	tr := newTransport(brief(func(t *timeouts) { t.ping = 100 * time.Millisecond }), roots)
	defer tr.CloseIdleConnections()
	get := func(path string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+router.Addr().String()+path, nil)
		require.NoError(t, err)
		resp, err := tr.RoundTrip(r)
		if err == nil {
			require.Equal(t, 2, resp.ProtoMajor)
			err = resp.Body.Close()
		}
		return err
	}
	require.NoError(t, get("/"))
	go func() {
		<-hang
		dead.Store(true)
	}()
	started := time.Now()
	require.Error(t, get("/hang"))
	require.Less(t, time.Since(started), 30*time.Second)
	require.NoError(t, get("/"))
}
