// Package config reads the environment once, at start, and judges it as a whole: every fault is found in
// one go and told with an example, and no value is ever shown.
package config

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Mode says what the configuration is for; how long a call may take depends on it.
type Mode int

// The modes. Commands that need no PostHog (hogql, version, help) load no configuration.
const (
	Command Mode = iota // one-shot commands: 90 s for a call
	Serve               // the server: 45 s for a call
)

// Authentication of HTTP clients (MCP_AUTH).
const (
	AuthNone  = "none"  // loopback only
	AuthToken = "token" // bearer tokens of MCP_AUTH_TOKENS
)

// Config is the checked configuration.
type Config struct {
	APIKey          Secret
	ProjectID       int64 // 0: the key's only project
	AllowedProjects []int64
	APIURL          string         // origin, without a slash at the end
	RootCAs         *x509.CertPool // the system's authorities and those of POSTHOG_CA_FILE; nil: the system's alone
	Timeout         time.Duration
	MaxRetries      int
	PerMinute       int
	PerHour         int
	MaxConcurrency  int

	BreakerFailures  int
	BreakerTimeout   time.Duration
	BreakerSuccesses int

	LogLevel  slog.Level
	LogFormat string // "json" or "text"

	Addr           string // of the HTTP transport
	Auth           string // AuthNone or AuthToken
	AuthTokens     []Token
	AllowedOrigins []string
	AllowedHosts   []string
	AlwaysLoad     bool

	Warnings []string // names that look like misspelt variables
}

// Token is a named bearer token of an HTTP client.
type Token struct {
	Name  string
	Value Secret
}

// raw is the environment as text. Its tags are the one list of variables: Variables reads them.
type raw struct {
	APIKey          string `env:"POSTHOG_API_KEY" example:"phx_your_key" doc:"personal API key with the scope query:read" secret:"true"`
	APIKeyFile      string `env:"POSTHOG_API_KEY_FILE" example:"/run/secrets/posthog_api_key" doc:"file that holds the key"`
	PersonalAPIKey  string `env:"POSTHOG_PERSONAL_API_KEY" example:"phx_your_key" doc:"another name for POSTHOG_API_KEY" secret:"true"`
	ProjectID       string `env:"POSTHOG_PROJECT_ID" example:"12345" doc:"project to ask; without it the key's only project"`
	AllowedProjects string `env:"POSTHOG_ALLOWED_PROJECTS" example:"12345,67890" doc:"the only projects that may be asked; without it all that the key may see"`
	APIURL          string `env:"POSTHOG_API_URL" example:"https://eu.posthog.com" doc:"us, eu or the origin of a self-hosted PostHog; without it us"`
	Host            string `env:"POSTHOG_HOST" example:"https://eu.posthog.com" doc:"another name for POSTHOG_API_URL"`
	AllowHTTP       string `env:"POSTHOG_ALLOW_HTTP" envDefault:"false" example:"true" doc:"allow plain http to a private network"`
	CAFile          string `env:"POSTHOG_CA_FILE" example:"/etc/ssl/company-ca.pem" doc:"certificates (PEM) of further authorities to trust, for a self-hosted PostHog or a proxy that opens TLS"`
	ProjectAPIKey   string `env:"POSTHOG_PROJECT_API_KEY" example:"phc_your_token" doc:"the token that sends events; recognised, never needed" secret:"true"`
	Timeout         string `env:"POSTHOG_TIMEOUT" example:"45s" doc:"longest wait of one call, retries included; without it 45s for tools, 90s for commands"`
	MaxRetries      string `env:"POSTHOG_MAX_RETRIES" envDefault:"3" example:"3" doc:"attempts after the first"`
	PerMinute       string `env:"POSTHOG_RATE_LIMIT_PER_MINUTE" envDefault:"240" example:"240" doc:"queries in any minute"`
	PerHour         string `env:"POSTHOG_RATE_LIMIT_PER_HOUR" envDefault:"2400" example:"2400" doc:"queries in any hour"`
	MaxConcurrency  string `env:"POSTHOG_MAX_CONCURRENCY" envDefault:"3" example:"3" doc:"queries at the same time"`

	BreakerFailures  string `env:"POSTHOG_BREAKER_FAILURES" envDefault:"5" example:"5" doc:"failures in a row after which calls are answered at once"`
	BreakerTimeout   string `env:"POSTHOG_BREAKER_TIMEOUT" envDefault:"60s" example:"60s" doc:"how long they are"`
	BreakerSuccesses string `env:"POSTHOG_BREAKER_SUCCESSES" envDefault:"2" example:"2" doc:"successes that end it"`

	LogLevel  string `env:"LOG_LEVEL" envDefault:"info" example:"info" doc:"debug, info, warn or error"`
	LogFormat string `env:"LOG_FORMAT" envDefault:"json" example:"json" doc:"json or text"`

	Addr           string `env:"MCP_ADDR" envDefault:"127.0.0.1:8000" example:"127.0.0.1:8000" doc:"address of the HTTP transport"`
	Auth           string `env:"MCP_AUTH" example:"token" doc:"none or token; without it token where tokens are set, else none"`
	AuthTokens     string `env:"MCP_AUTH_TOKENS" example:"alice:a-long-random-token" doc:"bearer tokens of HTTP clients, name:token, comma-separated" secret:"true"`
	AuthTokensFile string `env:"MCP_AUTH_TOKENS_FILE" example:"/run/secrets/mcp_tokens" doc:"file that holds them, one per line"`
	AllowedOrigins string `env:"MCP_ALLOWED_ORIGINS" example:"https://app.example.com" doc:"web origins that may call the HTTP transport"`
	AllowedHosts   string `env:"MCP_ALLOWED_HOSTS" example:"mcp.example.com" doc:"further Host names that the HTTP transport answers to"`
	AlwaysLoad     string `env:"MCP_ALWAYS_LOAD" envDefault:"false" example:"true" doc:"ask clients to keep the tools loaded"`
}

// Variable describes one variable of the environment.
type Variable struct {
	Name    string
	Default string // "" where there is none
	Example string
	Doc     string
	Secret  bool
}

// Variables lists every variable that Load reads, in the order of the documentation.
func Variables() []Variable {
	t := reflect.TypeFor[raw]()
	out := make([]Variable, 0, t.NumField())
	for f := range t.Fields() {
		out = append(out, Variable{f.Tag.Get("env"), f.Tag.Get("envDefault"), f.Tag.Get("example"), f.Tag.Get("doc"), f.Tag.Get("secret") == "true"})
	}
	return out
}

// Load reads "NAME=value" pairs. The error is *Faults and names all that is wrong; the Config that comes
// with it holds what could be read, so that a log can be set up. A value that is empty or begins with
// "${" (a placeholder that nobody filled in) counts as missing.
func Load(environ []string, mode Mode) (*Config, error) {
	set, blank := present(environ)
	var r raw
	l := loader{blank: blank}
	if err := env.ParseWithOptions(&r, env.Options{Environment: set}); err != nil {
		return nil, fmt.Errorf("read environment: %T", err) // the text could hold values; fields are strings, so it cannot happen
	}
	c := &Config{Warnings: misspelt(environ)}
	l.posthog(c, &r)
	l.limits(c, &r, mode)
	l.log(c, &r)
	l.transport(c, &r)
	if c.APIKey.IsZero() && !l.failed("POSTHOG_API_KEY", "POSTHOG_API_KEY_FILE", "POSTHOG_PERSONAL_API_KEY") {
		l.missingKey()
	}
	if len(l.faults.List) > 0 {
		order := Variables()
		slices.SortStableFunc(l.faults.List, func(a, b Fault) int { return position(order, a.Variable) - position(order, b.Variable) })
		return c, &l.faults
	}
	return c, nil
}

func position(vs []Variable, name string) int {
	return slices.IndexFunc(vs, func(v Variable) bool { return v.Name == name })
}

// present splits the environment: set variables by name, and names whose value is an unfilled placeholder.
func present(environ []string) (set map[string]string, blank map[string]bool) {
	set, blank = map[string]string{}, map[string]bool{}
	for _, pair := range environ {
		name, value, ok := strings.Cut(pair, "=")
		value = strings.TrimSpace(value)
		if strings.HasPrefix(value, "${") {
			blank[name] = true
		} else if ok && name != "" && value != "" {
			set[name] = value
		}
	}
	return set, blank
}

// loader gathers faults while it converts.
type loader struct {
	faults Faults
	blank  map[string]bool
}

func (l *loader) failed(names ...string) bool {
	return slices.ContainsFunc(l.faults.List, func(f Fault) bool { return slices.Contains(names, f.Variable) })
}

func (l *loader) missingKey() {
	const name = "POSTHOG_API_KEY"
	problem := "is missing: a personal API key with the scope query:read, made in PostHog under Settings, Personal API keys"
	for _, n := range []string{name, "POSTHOG_PERSONAL_API_KEY", "POSTHOG_API_KEY_FILE"} {
		if l.blank[n] {
			l.faults.add(n, name+"=phx_your_key", "still holds a ${…} placeholder: the program that starts this one did not fill it in")
			return
		}
	}
	l.faults.add(name, name+"=phx_your_key", "%s", problem)
}

// posthog reads whom to ask and as whom.
func (l *loader) posthog(c *Config, r *raw) {
	c.APIKey = l.key(r)
	c.ProjectID = l.projectID("POSTHOG_PROJECT_ID", r.ProjectID)
	for part := range list(r.AllowedProjects) {
		if id := l.projectID("POSTHOG_ALLOWED_PROJECTS", part); id != 0 {
			c.AllowedProjects = append(c.AllowedProjects, id)
		}
	}
	if c.ProjectID != 0 && len(c.AllowedProjects) > 0 && !slices.Contains(c.AllowedProjects, c.ProjectID) {
		l.faults.add("POSTHOG_PROJECT_ID", "", "is not among POSTHOG_ALLOWED_PROJECTS")
	}
	allowHTTP := l.boolean("POSTHOG_ALLOW_HTTP", r.AllowHTTP)
	name, value := "POSTHOG_API_URL", r.APIURL
	switch {
	case value == "":
		name, value = "POSTHOG_HOST", r.Host
	case r.Host != "" && strings.TrimRight(r.Host, "/") != strings.TrimRight(value, "/"):
		l.faults.add("POSTHOG_HOST", "", "differs from POSTHOG_API_URL, of which it is another name: keep one of them")
	}
	c.APIURL = l.apiURL(name, value, allowHTTP)
	c.RootCAs = l.authorities("POSTHOG_CA_FILE", r.CAFile)
}

func (l *loader) limits(c *Config, r *raw, mode Mode) {
	const day = 24 * time.Hour
	timeout := 90 * time.Second
	if mode == Serve {
		timeout = 45 * time.Second
	}
	if c.Timeout = timeout; r.Timeout != "" {
		c.Timeout = l.duration("POSTHOG_TIMEOUT", r.Timeout, time.Second, time.Hour)
	}
	c.MaxRetries = l.integer("POSTHOG_MAX_RETRIES", r.MaxRetries, 0, 10)
	c.PerMinute = l.integer("POSTHOG_RATE_LIMIT_PER_MINUTE", r.PerMinute, 1, 100_000)
	c.PerHour = l.integer("POSTHOG_RATE_LIMIT_PER_HOUR", r.PerHour, 1, 1_000_000)
	c.MaxConcurrency = l.integer("POSTHOG_MAX_CONCURRENCY", r.MaxConcurrency, 1, 100)
	c.BreakerFailures = l.integer("POSTHOG_BREAKER_FAILURES", r.BreakerFailures, 1, 1000)
	c.BreakerTimeout = l.duration("POSTHOG_BREAKER_TIMEOUT", r.BreakerTimeout, time.Second, day)
	c.BreakerSuccesses = l.integer("POSTHOG_BREAKER_SUCCESSES", r.BreakerSuccesses, 1, 100)
}

func (l *loader) log(c *Config, r *raw) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "warning": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[strings.ToLower(r.LogLevel)]
	if !ok {
		l.faults.add("LOG_LEVEL", "LOG_LEVEL=info", "must be debug, info, warn or error")
	}
	c.LogLevel = level
	if c.LogFormat = strings.ToLower(r.LogFormat); c.LogFormat != "json" && c.LogFormat != "text" {
		l.faults.add("LOG_FORMAT", "LOG_FORMAT=json", "must be json or text")
		c.LogFormat = "json"
	}
}

// key reads the key from its variable, its other name, or its file.
func (l *loader) key(r *raw) Secret {
	name, value := "POSTHOG_API_KEY", r.APIKey
	switch {
	case value == "":
		name, value = "POSTHOG_PERSONAL_API_KEY", r.PersonalAPIKey
	case r.PersonalAPIKey != "" && r.PersonalAPIKey != value:
		l.faults.add("POSTHOG_PERSONAL_API_KEY", "", "differs from POSTHOG_API_KEY, of which it is another name: keep one of them")
	}
	if r.APIKeyFile != "" {
		if value != "" {
			l.faults.add("POSTHOG_API_KEY_FILE", "", "is set together with %s: keep one of them", name)
			return Secret{}
		}
		name = "POSTHOG_API_KEY_FILE"
		var ok bool
		if value, ok = l.file(name, r.APIKeyFile, secretFile); !ok {
			return Secret{}
		}
	}
	if value == "" || !l.usableKey(name, value) {
		return Secret{}
	}
	return NewSecret(value)
}

func (l *loader) usableKey(name, value string) bool {
	example := "POSTHOG_API_KEY=phx_your_key"
	switch {
	case strings.HasPrefix(value, "phc_"):
		l.faults.add(name, example, "holds a project token (phc_…), which only sends events and cannot read: make a personal API key (phx_…) with the scope query:read")
	case strings.ContainsAny(value, `"'`):
		l.faults.add(name, example, "holds quotation marks: remove them")
	case strings.HasPrefix(strings.ToLower(value), "bearer "):
		l.faults.add(name, example, "begins with the word Bearer: give the key alone")
	case strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' }):
		l.faults.add(name, example, "holds spaces or characters that no key has: copy it again")
	default:
		return true
	}
	return false
}

// secretFile is how many bytes a file with a secret may have.
const secretFile = 64 << 10

// file reads a file of at most so many bytes, without the white space around its text.
func (l *loader) file(name, path string, most int64) (string, bool) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.faults.add(name, "", "names a file that cannot be read (%s)", reason(err))
		return "", false
	case !info.Mode().IsRegular() || info.Size() > most:
		l.faults.add(name, "", "must name a plain file of at most %d KB", most>>10)
		return "", false
	}
	b, err := os.ReadFile(path) // #nosec G304 -- the operator names the file
	if err != nil {
		l.faults.add(name, "", "names a file that cannot be read (%s)", reason(err))
		return "", false
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(b), "\ufeff"))
	if text == "" {
		l.faults.add(name, "", "names an empty file")
	}
	return text, text != ""
}

// reason is a file error without the path, which is a value.
func reason(err error) string {
	switch {
	case os.IsNotExist(err):
		return "it does not exist"
	case os.IsPermission(err):
		return "no permission"
	}
	return "not a readable file"
}
