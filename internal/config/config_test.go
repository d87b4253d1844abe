package config_test

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/config"
)

const canary = "phx_canary5ecret5ecret5ecret"

func load(t *testing.T, mode config.Mode, env ...string) (*config.Config, *config.Faults) {
	t.Helper()
	c, err := config.Load(env, mode)
	if err == nil {
		return c, nil
	}
	var f *config.Faults
	require.ErrorAs(t, err, &f)
	require.NotContains(t, err.Error(), canary)
	return c, f
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, f := load(t, config.Serve, "POSTHOG_API_KEY="+canary)
	require.Nil(t, f)
	require.Equal(t, canary, c.APIKey.Reveal())
	c.APIKey = config.Secret{}
	require.Equal(t, &config.Config{
		APIURL: "https://us.posthog.com", Timeout: 45 * time.Second, MaxRetries: 3, PerMinute: 240, PerHour: 2400, MaxConcurrency: 3,
		BreakerFailures: 5, BreakerTimeout: time.Minute, BreakerSuccesses: 2, LogLevel: slog.LevelInfo, LogFormat: "json",
		Addr: "127.0.0.1:8000", Auth: config.AuthNone,
	}, c)
	c, f = load(t, config.Command, "POSTHOG_API_KEY="+canary)
	require.Nil(t, f)
	require.Equal(t, 90*time.Second, c.Timeout)
}

func TestAllSet(t *testing.T) {
	t.Parallel()
	c, f := load(t, config.Serve, "POSTHOG_PERSONAL_API_KEY= "+canary+" ", "POSTHOG_PROJECT_ID=7", "POSTHOG_ALLOWED_PROJECTS=7, 8,",
		"POSTHOG_HOST=EU", "POSTHOG_TIMEOUT=1.5", "POSTHOG_MAX_RETRIES=0", "POSTHOG_RATE_LIMIT_PER_MINUTE=10", "POSTHOG_RATE_LIMIT_PER_HOUR=20",
		"POSTHOG_MAX_CONCURRENCY=1", "POSTHOG_BREAKER_FAILURES=9", "POSTHOG_BREAKER_TIMEOUT=2m", "POSTHOG_BREAKER_SUCCESSES=1",
		"LOG_LEVEL=Debug", "LOG_FORMAT=TEXT", "MCP_ADDR=:9000", "MCP_AUTH_TOKENS=a:0123456789abcdef,b:fedcba9876543210", "MCP_ALLOWED_ORIGINS=https://App.example.com/",
		"MCP_ALLOWED_HOSTS=mcp.Example.com,other:8080", "MCP_ALWAYS_LOAD=yes", "POSTHOG_PROJECT_API_KEY=phc_whatever")
	require.Nil(t, f)
	require.Equal(t, canary, c.APIKey.Reveal())
	require.Len(t, c.AuthTokens, 2)
	require.Equal(t, "b", c.AuthTokens[1].Name)
	require.Equal(t, "fedcba9876543210", c.AuthTokens[1].Value.Reveal())
	c.APIKey, c.AuthTokens = config.Secret{}, nil
	require.Equal(t, &config.Config{
		ProjectID: 7, AllowedProjects: []int64{7, 8}, APIURL: "https://eu.posthog.com", Timeout: 1500 * time.Millisecond, PerMinute: 10, PerHour: 20,
		MaxConcurrency: 1, BreakerFailures: 9, BreakerTimeout: 2 * time.Minute, BreakerSuccesses: 1, LogLevel: slog.LevelDebug, LogFormat: "text",
		Addr: ":9000", Auth: config.AuthToken, AllowedOrigins: []string{"https://app.example.com"}, AllowedHosts: []string{"mcp.example.com", "other:8080"}, AlwaysLoad: true,
	}, c)
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, allow, want, fault string }{
		{"us", "", "https://us.posthog.com", ""},
		{"EU", "", "https://eu.posthog.com", ""},
		{"https://PostHog.example.com:8443/", "", "https://posthog.example.com:8443", ""},
		{"http://localhost:8010", "", "http://localhost:8010", ""},
		{"http://127.0.0.1:8010", "", "http://127.0.0.1:8010", ""},
		{"http://[::1]:8010", "", "http://[::1]:8010", ""},
		{"http://posthog:8000", "true", "http://posthog:8000", ""},
		{"http://10.1.2.3", "true", "http://10.1.2.3", ""},
		{"http://100.64.0.9", "true", "http://100.64.0.9", ""},
		{"http://posthog.svc.cluster.local", "true", "http://posthog.svc.cluster.local", ""},
		{"http://posthog:8000", "", "", "POSTHOG_ALLOW_HTTP=true"},
		{"http://8.8.8.8", "true", "", "public host"},
		{"http://posthog.example.com", "true", "", "public host"},
		{"eu.posthog.com", "", "", "begins with https://"},
		{"ftp://eu.posthog.com", "", "", "begins with https://"},
		{"https://", "", "", "begins with https://"},
		{"https://app.posthog.com", "", "", "use https://us.posthog.com"},
		{"https://us.i.posthog.com", "", "", "use https://us.posthog.com"},
		{"https://eu.i.posthog.com", "", "", "use https://eu.posthog.com"},
		{"https://posthog.com", "", "", "web site"},
		{"https://us.posthog.com/project/1", "", "", "origin alone"},
		{"https://us.posthog.com?x=1", "", "", "origin alone"},
		{"https://user:" + canary + "@us.posthog.com", "", "", "user name or password"},
		{"https://us.posthog.com:99999", "", "", "port"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Parallel()
			c, f := load(t, config.Serve, "POSTHOG_API_KEY="+canary, "POSTHOG_API_URL="+tt.value, "POSTHOG_ALLOW_HTTP="+tt.allow)
			if tt.fault == "" {
				require.Nil(t, f)
				require.Equal(t, tt.want, c.APIURL)
				return
			}
			require.Len(t, f.List, 1)
			require.Equal(t, "POSTHOG_API_URL", f.List[0].Variable)
			require.Contains(t, f.List[0].Problem, tt.fault)
			require.Contains(t, f.List[0].Example, "POSTHOG_API_URL=https://")
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte(" \n"), 0o600))
	good := "POSTHOG_API_KEY=" + canary
	for _, tt := range []struct {
		name     string
		env      []string
		variable string
		problem  string
	}{
		{"no key", nil, "POSTHOG_API_KEY", "is missing"},
		{"empty key", []string{"POSTHOG_API_KEY= "}, "POSTHOG_API_KEY", "is missing"},
		{"placeholder", []string{"POSTHOG_API_KEY=${POSTHOG_API_KEY}"}, "POSTHOG_API_KEY", "placeholder"},
		{"placeholder file", []string{"POSTHOG_API_KEY_FILE=${X}"}, "POSTHOG_API_KEY_FILE", "placeholder"},
		{"project token", []string{"POSTHOG_API_KEY=phc_" + canary}, "POSTHOG_API_KEY", "only sends events"},
		{"quotes", []string{`POSTHOG_API_KEY="` + canary + `"`}, "POSTHOG_API_KEY", "quotation marks"},
		{"bearer", []string{"POSTHOG_PERSONAL_API_KEY=Bearer " + canary}, "POSTHOG_PERSONAL_API_KEY", "Bearer"},
		{"space", []string{"POSTHOG_API_KEY=" + canary + " x"}, "POSTHOG_API_KEY", "copy it again"},
		{"two keys", []string{good, "POSTHOG_PERSONAL_API_KEY=phx_other"}, "POSTHOG_PERSONAL_API_KEY", "differs"},
		{"key and file", []string{good, "POSTHOG_API_KEY_FILE=" + empty}, "POSTHOG_API_KEY_FILE", "together with POSTHOG_API_KEY"},
		{"no file", []string{"POSTHOG_API_KEY_FILE=" + dir + "/none"}, "POSTHOG_API_KEY_FILE", "does not exist"},
		{"directory", []string{"POSTHOG_API_KEY_FILE=" + dir}, "POSTHOG_API_KEY_FILE", "plain file"},
		{"empty file", []string{"POSTHOG_API_KEY_FILE=" + empty}, "POSTHOG_API_KEY_FILE", "empty file"},
		{"project", []string{good, "POSTHOG_PROJECT_ID=@current"}, "POSTHOG_PROJECT_ID", "number"},
		{"allowed", []string{good, "POSTHOG_ALLOWED_PROJECTS=1,x"}, "POSTHOG_ALLOWED_PROJECTS", "number"},
		{"not allowed", []string{good, "POSTHOG_PROJECT_ID=3", "POSTHOG_ALLOWED_PROJECTS=1,2"}, "POSTHOG_PROJECT_ID", "not among"},
		{"two hosts", []string{good, "POSTHOG_API_URL=us", "POSTHOG_HOST=eu"}, "POSTHOG_HOST", "differs"},
		{"timeout", []string{good, "POSTHOG_TIMEOUT=soon"}, "POSTHOG_TIMEOUT", "from 1s to 1h"},
		{"timeout zero", []string{good, "POSTHOG_TIMEOUT=0"}, "POSTHOG_TIMEOUT", "from 1s to 1h"},
		{"timeout NaN", []string{good, "POSTHOG_TIMEOUT=NaN"}, "POSTHOG_TIMEOUT", "from 1s to 1h"},
		{"retries", []string{good, "POSTHOG_MAX_RETRIES=-1"}, "POSTHOG_MAX_RETRIES", "from 0 to 10"},
		{"bool", []string{good, "POSTHOG_ALLOW_HTTP=maybe"}, "POSTHOG_ALLOW_HTTP", "true or false"},
		{"level", []string{good, "LOG_LEVEL=loud"}, "LOG_LEVEL", "debug, info, warn or error"},
		{"format", []string{good, "LOG_FORMAT=xml"}, "LOG_FORMAT", "json or text"},
		{"addr", []string{good, "MCP_ADDR=8000"}, "MCP_ADDR", "host:port"},
		{"addr port", []string{good, "MCP_ADDR=x:99999"}, "MCP_ADDR", "host:port"},
		{"auth", []string{good, "MCP_AUTH=magic"}, "MCP_AUTH", "none or token"},
		{"auth of a later version", []string{good, "MCP_AUTH=posthog"}, "MCP_AUTH", "none or token"},
		{"auth without tokens", []string{good, "MCP_AUTH=token"}, "MCP_AUTH_TOKENS", "is missing"},
		{"tokens ignored", []string{good, "MCP_AUTH=none", "MCP_AUTH_TOKENS=a:0123456789abcdef"}, "MCP_AUTH", "ignored"},
		{"tokens form", []string{good, "MCP_AUTH_TOKENS=0123456789abcdef"}, "MCP_AUTH_TOKENS", "name:token"},
		{"tokens short", []string{good, "MCP_AUTH=token", "MCP_AUTH_TOKENS=a:0123"}, "MCP_AUTH_TOKENS", "fewer than 16"},
		{"tokens twice", []string{good, "MCP_AUTH_TOKENS=a:0123456789abcdef,a:fedcba9876543210"}, "MCP_AUTH_TOKENS", "twice"},
		{"tokens space", []string{good, "MCP_AUTH_TOKENS=a:0123456789 abcdef"}, "MCP_AUTH_TOKENS", "header"},
		{"tokens and file", []string{good, "MCP_AUTH_TOKENS=a:0123456789abcdef", "MCP_AUTH_TOKENS_FILE=x"}, "MCP_AUTH_TOKENS_FILE", "keep one"},
		{"tokens file", []string{good, "MCP_AUTH_TOKENS_FILE=" + dir + "/none"}, "MCP_AUTH_TOKENS_FILE", "does not exist"},
		{"origins", []string{good, "MCP_ALLOWED_ORIGINS=app.example.com"}, "MCP_ALLOWED_ORIGINS", "origins only"},
		{"hosts", []string{good, "MCP_ALLOWED_HOSTS=https://x"}, "MCP_ALLOWED_HOSTS", "host names only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, f := load(t, config.Serve, tt.env...)
			require.NotNil(t, f)
			require.Len(t, f.List, 1, "%v", f)
			require.Equal(t, tt.variable, f.List[0].Variable)
			require.Contains(t, f.List[0].Problem, tt.problem)
		})
	}
}

func TestAllFaultsAtOnceInOrder(t *testing.T) {
	t.Parallel()
	_, f := load(t, config.Serve, "MCP_ADDR=x", "LOG_LEVEL=x", "POSTHOG_TIMEOUT=x", "POSTHOG_PROJECT_ID=x")
	require.NotNil(t, f)
	require.Equal(t, `5 faults in the configuration:
  POSTHOG_API_KEY is missing: a personal API key with the scope query:read, made in PostHog under Settings, Personal API keys. Example: POSTHOG_API_KEY=phx_your_key
  POSTHOG_PROJECT_ID must be a project's number, as in the address /project/12345 in the app. Example: POSTHOG_PROJECT_ID=12345
  POSTHOG_TIMEOUT must be a duration from 1s to 1h (45s, 1m30s, or 45 for seconds). Example: POSTHOG_TIMEOUT=45s
  LOG_LEVEL must be debug, info, warn or error. Example: LOG_LEVEL=info
  MCP_ADDR must be host:port. Example: MCP_ADDR=127.0.0.1:8000`, f.Error())
	_, f = load(t, config.Serve)
	require.True(t, strings.HasPrefix(f.Error(), "1 fault in"))
}

// Whatever is wrong, no value comes back: every variable is set to the canary in turn.
func TestFaultsNeverShowValues(t *testing.T) {
	t.Parallel()
	for _, v := range config.Variables() {
		for _, value := range []string{canary, "phc_" + canary, "a:" + canary + " " + canary, "http://" + canary, "https://u:" + canary + "@h/" + canary} {
			c, err := config.Load([]string{v.Name + "=" + value}, config.Serve)
			if err != nil {
				require.NotContains(t, err.Error(), canary, v.Name)
			}
			require.NotContains(t, strings.Join(c.Warnings, " "), canary)
		}
	}
}

func TestKeyFromFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("\ufeff"+canary+"\r\n"), 0o600))
	c, f := load(t, config.Command, "POSTHOG_API_KEY_FILE="+file)
	require.Nil(t, f)
	require.Equal(t, canary, c.APIKey.Reveal())
}

func TestAuthorities(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	folder := t.TempDir()
	write := func(name string, text []byte) string {
		file := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(file, text, 0o600))
		return file
	}
	good := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	c, f := load(t, config.Command, "POSTHOG_API_KEY="+canary, "POSTHOG_CA_FILE="+good)
	require.Nil(t, f)
	_, err := server.Certificate().Verify(x509.VerifyOptions{Roots: c.RootCAs})
	require.NoError(t, err)
	system, err := x509.SystemCertPool()
	require.NoError(t, err)
	require.False(t, c.RootCAs.Equal(system))
	system.AddCert(server.Certificate())
	require.True(t, c.RootCAs.Equal(system), "the system's authorities stay trusted")

	c, f = load(t, config.Command, "POSTHOG_API_KEY="+canary)
	require.Nil(t, f)
	require.Nil(t, c.RootCAs)
	for file, want := range map[string]string{
		write("key.pem", []byte("-----BEGIN NOTHING-----\n"+canary)): "POSTHOG_CA_FILE names a file that holds no certificate",
		filepath.Join(folder, "none"):                                "POSTHOG_CA_FILE names a file that cannot be read (it does not exist)",
		write("huge.pem", make([]byte, 4<<20+1)):                     "POSTHOG_CA_FILE must name a plain file of at most 4096 KB",
	} {
		_, f = load(t, config.Command, "POSTHOG_API_KEY="+canary, "POSTHOG_CA_FILE="+file)
		require.ErrorContains(t, f, want)
		require.NotContains(t, f.Error(), canary)
	}
}

func TestTokensFromFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(file, []byte("a:0123456789abcdef\r\n\nb:fedcba9876543210\n"), 0o600))
	c, f := load(t, config.Serve, "POSTHOG_API_KEY="+canary, "MCP_AUTH_TOKENS_FILE="+file)
	require.Nil(t, f)
	require.Equal(t, config.AuthToken, c.Auth)
	require.Len(t, c.AuthTokens, 2)
}

func TestMisspelt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"POSTHOG_API_KYE=x":           "POSTHOG_API_KYE is not read: is POSTHOG_API_KEY meant?",
		"POSTHOG_APIKEY=x":            "POSTHOG_APIKEY is not read: is POSTHOG_API_KEY meant?",
		"posthog_api_key=x":           "posthog_api_key is not read: is POSTHOG_API_KEY meant?",
		"POSTHOG_PROJECTID=x":         "POSTHOG_PROJECTID is not read: is POSTHOG_PROJECT_ID meant?",
		"MCP_ALLOWD_HOST=x":           "MCP_ALLOWD_HOST is not read: is MCP_ALLOWED_HOSTS meant?",
		"POSTHOG_SERVICE_HOST=1":      "",
		"POSTHOG_PORT=tcp://10.0.0.1": "",
		"MCP_SERVER_NAME=x":           "",
		"PATH=x":                      "",
		"HOME":                        "",
	} {
		c, f := load(t, config.Serve, "POSTHOG_API_KEY="+canary, name)
		require.Nil(t, f)
		require.Equal(t, want, strings.Join(c.Warnings, "|"), name)
	}
}

func TestVariablesAreDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range config.Variables() {
		require.NotEmpty(t, v.Doc, v.Name)
		require.NotEmpty(t, v.Example, v.Name)
		require.False(t, seen[v.Name])
		seen[v.Name] = true
	}
	require.True(t, seen["POSTHOG_BREAKER_TIMEOUT"])
}
