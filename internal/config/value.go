package config

import (
	"iter"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// list splits at commas and drops what is empty.
func list(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

func (l *loader) integer(name, value string, least, most int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		l.faults.add(name, name+"="+exampleOf(name), "must be a whole number from %d to %d", least, most)
		return least
	}
	return n
}

func (l *loader) projectID(name, value string) int64 {
	if value == "" {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n <= 0 {
		l.faults.add(name, name+"="+exampleOf(name), "must be a project's number, as in the address /project/12345 in the app")
		return 0
	}
	return n
}

// duration takes "45s", "1m30s" or plain seconds.
func (l *loader) duration(name, value string, least, most time.Duration) time.Duration {
	d, err := time.ParseDuration(value)
	if s, nerr := strconv.ParseFloat(value, 64); nerr == nil && math.Abs(s) < 1e9 {
		d, err = time.Duration(s*float64(time.Second)), nil
	}
	if err != nil || d < least || d > most {
		l.faults.add(name, name+"="+exampleOf(name), "must be a duration from %s to %s (45s, 1m30s, or 45 for seconds)", short(least), short(most))
		return least
	}
	return d
}

func short(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (l *loader) boolean(name, value string) bool {
	switch strings.ToLower(value) {
	case "true", "1", "yes", "on":
		return true
	case "false", "0", "no", "off":
		return false
	}
	l.faults.add(name, name+"=true", "must be true or false")
	return false
}

func exampleOf(name string) string {
	for _, v := range Variables() {
		if v.Name == name {
			return v.Example
		}
	}
	return ""
}

// apiURL gives the origin to ask. The two clouds go by their short names; names of hosts that do not serve
// the private API are answered with the right one.
func (l *loader) apiURL(name, value string, allowHTTP bool) string {
	const us, eu = "https://us.posthog.com", "https://eu.posthog.com"
	example := name + "=" + eu
	switch strings.ToLower(value) {
	case "", "us":
		return us
	case "eu":
		return eu
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		l.faults.add(name, example, "must be us, eu, or an origin that begins with https://")
		return us
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case u.User != nil:
		l.faults.add(name, example, "must not hold a user name or password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		l.faults.add(name, example, "must be an origin alone: remove what stands after the host")
	case host == "app.posthog.com":
		l.faults.add(name, name+"="+us, "names the old host of the US cloud: use %s", us)
	case host == "eu.i.posthog.com":
		l.faults.add(name, name+"="+eu, "names a host that only takes events: use %s", eu)
	case strings.HasSuffix(host, ".i.posthog.com"):
		l.faults.add(name, name+"="+us, "names a host that only takes events: use %s", us)
	case host == "posthog.com" || host == "www.posthog.com":
		l.faults.add(name, example, "names the web site: use %s or %s", us, eu)
	case !validPort(u.Port()):
		l.faults.add(name, example, "has a port that is no number from 1 to 65535")
	case u.Scheme == "http" && !loopback(host) && !allowHTTP:
		l.faults.add(name, example, "is plain http, which would send the key unprotected: use https, or set POSTHOG_ALLOW_HTTP=true for a private network")
	case u.Scheme == "http" && !loopback(host) && !private(host):
		l.faults.add(name, example, "is plain http to a public host, which would send the key unprotected: use https")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

func validPort(p string) bool {
	n, err := strconv.Atoi(p)
	return p == "" || err == nil && n > 0 && n < 65536
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.Unmap().IsLoopback()
}

// private tells names and addresses that do not lead to the public internet: RFC 1918, RFC 4193,
// link-local and shared (RFC 6598) addresses, names without a dot, and the reserved inner domains.
func private(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		return a.IsPrivate() || a.IsLinkLocalUnicast() || netip.MustParsePrefix("100.64.0.0/10").Contains(a)
	}
	if !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".local", ".internal", ".lan", ".home.arpa", ".svc", ".test"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// transport reads what concerns HTTP clients of the server.
func (l *loader) transport(c *Config, r *raw) {
	c.Addr = r.Addr
	if _, port, err := net.SplitHostPort(r.Addr); err != nil || port != "0" && (port == "" || !validPort(port)) {
		l.faults.add("MCP_ADDR", "MCP_ADDR=127.0.0.1:8000", "must be host:port")
	}
	c.AuthTokens = l.tokens(r)
	switch c.Auth = strings.ToLower(r.Auth); {
	case c.Auth == "" && len(c.AuthTokens) > 0:
		c.Auth = AuthToken
	case c.Auth == "":
		c.Auth = AuthNone
	case c.Auth != AuthNone && c.Auth != AuthToken:
		l.faults.add("MCP_AUTH", "MCP_AUTH=token", "must be none or token")
	case c.Auth == AuthToken && len(c.AuthTokens) == 0 && !l.failed("MCP_AUTH_TOKENS", "MCP_AUTH_TOKENS_FILE"):
		l.faults.add("MCP_AUTH_TOKENS", "MCP_AUTH_TOKENS=alice:a-long-random-token", "is missing, but MCP_AUTH is token")
	case c.Auth != AuthToken && len(c.AuthTokens) > 0:
		l.faults.add("MCP_AUTH", "MCP_AUTH=token", "is not token, but tokens are set: they would be ignored")
	}
	for o := range list(r.AllowedOrigins) {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			l.faults.add("MCP_ALLOWED_ORIGINS", "MCP_ALLOWED_ORIGINS=https://app.example.com", "must hold origins only (scheme and host), comma-separated")
			break
		}
		c.AllowedOrigins = append(c.AllowedOrigins, u.Scheme+"://"+strings.ToLower(u.Host))
	}
	for h := range list(r.AllowedHosts) {
		if strings.ContainsAny(h, "/ @*") {
			l.faults.add("MCP_ALLOWED_HOSTS", "MCP_ALLOWED_HOSTS=mcp.example.com", "must hold host names only, comma-separated")
			break
		}
		c.AllowedHosts = append(c.AllowedHosts, strings.ToLower(h))
	}
	c.AlwaysLoad = l.boolean("MCP_ALWAYS_LOAD", r.AlwaysLoad)
}

const tokenLength = 16

// tokens reads name:token pairs, from the variable or its file.
func (l *loader) tokens(r *raw) []Token {
	name, text := "MCP_AUTH_TOKENS", r.AuthTokens
	if r.AuthTokensFile != "" {
		if text != "" {
			l.faults.add("MCP_AUTH_TOKENS_FILE", "", "is set together with MCP_AUTH_TOKENS: keep one of them")
			return nil
		}
		name = "MCP_AUTH_TOKENS_FILE"
		var ok bool
		if text, ok = l.file(name, r.AuthTokensFile, secretFile); !ok {
			return nil
		}
		text = strings.NewReplacer("\r", ",", "\n", ",").Replace(text)
	}
	example := "MCP_AUTH_TOKENS=alice:a-long-random-token"
	seen := map[string]bool{}
	var out []Token
	for pair := range list(text) {
		user, token, ok := strings.Cut(pair, ":")
		user, token = strings.TrimSpace(user), strings.TrimSpace(token)
		problem := ""
		switch {
		case !ok || user == "":
			problem = "must hold name:token pairs, comma-separated"
		case len(token) < tokenLength:
			problem = "holds a token of fewer than " + strconv.Itoa(tokenLength) + " characters"
		case strings.ContainsFunc(pair, func(c rune) bool { return c <= ' ' || c > '~' }):
			problem = "holds spaces or characters that a header cannot carry"
		case seen[user]:
			problem = "gives the same name twice"
		}
		if problem != "" {
			l.faults.add(name, example, "%s", problem)
			return nil
		}
		seen[user] = true
		out = append(out, Token{user, NewSecret(token)})
	}
	return out
}
