package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-mcp/internal/tools"
)

// maxBody is the largest request body. The largest argument, a query, is bounded by 64 KiB of text.
const maxBody = 1 << 20

// bodyTimeout is how long a client may take to send its body.
const bodyTimeout = 30 * time.Second

// guard stands before mcp-go's handler: Host and Origin (a browser's page must not drive a server on the
// user's machine), bearer token, body size, cancellations that could hit another client's call, and the
// end of streams at shutdown.
type guard struct {
	next    http.Handler
	options Options
	local   bool            // bound to a loopback address
	streams context.Context // done when open streams must end
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.hostAllowed(r.Host) {
		refuse(w, http.StatusForbidden, "host_not_allowed", fmt.Sprintf("The Host %q is not served here. Allow it with MCP_ALLOWED_HOSTS.", short(r.Host)))
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !g.originAllowed(origin) {
		refuse(w, http.StatusForbidden, "origin_not_allowed", fmt.Sprintf("The Origin %q may not call. Allow it with MCP_ALLOWED_ORIGINS.", short(origin)))
		return
	}
	if len(g.options.Tokens) > 0 {
		name, ok := bearer(r, g.options.Tokens)
		if !ok {
			unauthorized(w, r)
			return
		}
		r = r.WithContext(tools.WithCaller(r.Context(), name)) // what is kept for one token is not another's
	}
	if r.Method != http.MethodPost {
		g.next.ServeHTTP(w, r)
		return
	}
	// http.Server.ReadTimeout would also end calls that take longer; this bounds the body alone. A writer
	// without deadlines is one of a test.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = deadline.SetReadDeadline(time.Time{})
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		refuse(w, http.StatusRequestEntityTooLarge, "body_too_large", "The request is larger than 1 MiB. Queries have at most 64 KiB.")
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "body_unreadable", "The request's body could not be read.")
		return
	}
	m := readMessage(r, body)
	if m.method == "notifications/cancelled" && !m.ownSession {
		// mcp-go would look the call up by its id alone, which other clients use too.
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if m.method == string(mcp.MethodSubscriptionsListen) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(g.streams, cancel)()
		r = r.WithContext(ctx)
	}
	w.Header().Set("X-Accel-Buffering", "no") // proxies must pass events on as they come
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	g.next.ServeHTTP(w, r)
}

// message is what the guard must know of a request.
type message struct {
	method     string
	ownSession bool // belongs to a session that only one client knows
}

func readMessage(r *http.Request, body []byte) message {
	var v struct {
		Method string `json:"method"`
		Params struct {
			Meta *mcp.Meta `json:"_meta"`
		} `json:"params"`
	}
	if json.Unmarshal(body, &v) != nil {
		return message{}
	}
	modern := mcp.IsModernProtocol(v.Params.Meta.ProtocolVersion()) || mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))
	return message{method: v.Method, ownSession: !modern && r.Header.Get(mcpserver.HeaderKeySessionID) != ""}
}

// hostAllowed tells whether the Host header names this server: one of the allowed hosts, or, on a
// loopback address, the machine itself. Without a list, a server on another address takes any.
func (g *guard) hostAllowed(host string) bool {
	name := hostName(host)
	if slices.ContainsFunc(g.options.AllowedHosts, func(h string) bool {
		return strings.EqualFold(h, host) || strings.EqualFold(h, name)
	}) {
		return true
	}
	if g.local {
		return loopback(name)
	}
	return len(g.options.AllowedHosts) == 0
}

// originAllowed tells whether a browser's page of this origin may call: one of the allowed origins, or,
// on a loopback address, a page of the machine itself.
func (g *guard) originAllowed(origin string) bool {
	if slices.ContainsFunc(g.options.AllowedOrigins, func(o string) bool {
		return strings.EqualFold(strings.TrimSuffix(o, "/"), origin)
	}) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && g.local && (u.Scheme == "http" || u.Scheme == "https") && loopback(u.Hostname())
}

// hostName takes the port off a host.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// unauthorized answers a request without a valid token as RFC 6750 says; the text reaches the user of
// the client.
func unauthorized(w http.ResponseWriter, r *http.Request) {
	challenge, text := `Bearer realm="posthog-mcp"`, "Send the header Authorization: Bearer TOKEN, with a token of this server's MCP_AUTH_TOKENS. It is not a PostHog key."
	if r.Header.Get("Authorization") != "" {
		challenge += `, error="invalid_token"`
		text = "The token in the Authorization header is not one of this server's MCP_AUTH_TOKENS. " + text
	}
	w.Header().Set("WWW-Authenticate", challenge)
	refuse(w, http.StatusUnauthorized, "unauthorized", text)
}

// refuse answers with a status and a short JSON body.
func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(struct { // the client may be gone
		Error   string `json:"error"`
		Message string `json:"error_description"`
	}{code, text})
}

func short(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
