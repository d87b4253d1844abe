package driver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// timeouts are the limits of one connection and one wait. There is none on the whole request: PostHog may hold
// a query for 30 s in its queue and then run it for 10; the caller's context bounds the call.
type timeouts struct {
	dial      time.Duration
	handshake time.Duration // TLS
	header    time.Duration // from the request to the first byte of the answer
	idle      time.Duration // of a connection that nobody uses
	// ping is after how long a silence on an HTTP/2 connection the host is asked for a sign of life, and then
	// how long it has to give one.
	ping time.Duration
}

func usualTimeouts() timeouts {
	return timeouts{dial: 10 * time.Second, handshake: 10 * time.Second, header: 150 * time.Second, idle: 90 * time.Second, ping: 15 * time.Second}
}

// maxHeader is how many bytes of headers an answer may have.
const maxHeader = 256 << 10

// newHTTPClient puts a client's rules around the connections of its host. Outermost first: redirect rule; decompression; key
// and user agent (only to the configured origin); base transport (HTTP/2, keep-alive, proxies).
func newHTTPClient(o Options, origin *url.URL) *http.Client {
	return &http.Client{
		Transport:     &inflater{&guard{base: o.Host.http.Transport, origin: origin, key: o.Key, agent: o.UserAgent}},
		CheckRedirect: sameOrigin(origin),
	}
}

// newTransport takes proxies from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func newTransport(t timeouts, roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: t.dial, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    t.handshake,
		ResponseHeaderTimeout:  t.header,
		IdleConnTimeout:        t.idle,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    8,
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: t.ping, PingTimeout: t.ping},
		DisableCompression:     true, // inflater does it
	}
}

var errRedirect = errors.New("redirect refused")

// sameOrigin refuses redirects that leave the origin or that would turn a POST into a GET.
func sameOrigin(origin *url.URL) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		if !isOrigin(r.URL, origin) || len(via) >= 3 || r.Method != via[0].Method {
			return errRedirect
		}
		return nil
	}
}

func isOrigin(u, origin *url.URL) bool {
	return u.Scheme == origin.Scheme && u.Host == origin.Host
}

// guard adds the key and the user agent. It refuses any other origin than the configured one, because a
// transport that adds the key on every hop would undo the redirect protection of net/http.
type guard struct {
	base   http.RoundTripper
	origin *url.URL
	key    func() string
	agent  string
}

// RoundTrip sends a copy of the request, with the key.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isOrigin(r.URL, g.origin) {
		return nil, errRedirect
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+g.key())
	r.Header.Set("User-Agent", g.agent)
	r.Header.Set("Accept", "application/json")
	return g.base.RoundTrip(r)
}

// CloseIdleConnections hands the wish down to the base transport.
func (g *guard) CloseIdleConnections() { closeIdle(g.base) }

func closeIdle(t http.RoundTripper) {
	if c, ok := t.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
