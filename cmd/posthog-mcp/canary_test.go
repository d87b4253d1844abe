package main

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

// canary is a key that must never be seen again once it is given.
const canary = "phx_canary_" + "q7Zt4mW9" + "xK2vB6nD"

// TestTheKeyIsNeverShown runs everything that the program can do with a canary as the key, accepted and
// refused, with all logs on, and searches all that was written, to streams and to files.
func TestTheKeyIsNeverShown(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	upstream, err := url.Parse(sandbox.URL)
	require.NoError(t, err)
	var seen atomic.Int64
	// A PostHog for which the canary is a good key.
	accepting := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		if r.In.Header.Get("Authorization") == "Bearer "+canary {
			seen.Add(1)
			r.Out.Header.Set("Authorization", "Bearer "+sandbox.Key)
		}
	}})
	defer accepting.Close()
	// One that sends the key back in every way it can.
	echoing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"type":"validation_error","code":"invalid_input","detail":"you sent ` + r.Header.Get("Authorization") + `","attr":null}`))
	}))
	defer echoing.Close()

	var written strings.Builder
	home := t.TempDir()
	keyFile := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(keyFile, []byte(canary+"\n"), 0o600))
	hosts := map[string]string{"accepting": accepting.URL, "refusing": sandbox.URL, "echoing": echoing.URL, "closed": "http://127.0.0.1:1", "not a url": "https://" + canary}
	for name, host := range hosts {
		for _, key := range []string{"POSTHOG_API_KEY=" + canary, "POSTHOG_API_KEY_FILE=" + keyFile} {
			env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LOG_LEVEL=debug", "POSTHOG_MAX_RETRIES=1", "POSTHOG_API_URL=" + host, "POSTHOG_PROJECT_ID=1", key}
			for _, args := range [][]string{
				{"doctor"}, {"objects"}, {"objects", "signup", "--json"}, {"fields", "event:user_signed_up"}, {"fields", "nothing"},
				{"query", "SELECT 1"}, {"query", "SELECT nothing FROM events"}, {"query", "SELECT 1", "--project", "99"},
				{"query", "SELECT {x}", "--value", "x=1", "--format", "json"}, {"serve", "--transport", "http", "--addr", "127.0.0.1:notaport"},
			} {
				got := posthogMCP(t, env, "", args...)
				written.WriteString(got.stdout + got.stderr)
			}
			s := serve(t, env)
			s.send(t, 1, "initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "t", "version": "1"}})
			s.read(t)
			if name != "not a url" {
				s.call(t, 2, "query_posthog", map[string]any{"query": "SELECT 1"})
				s.read(t)
				s.call(t, 3, "list_objects", map[string]any{"search": "signup"})
				s.read(t)
			}
			s.wait(t, func() { _ = s.in.Close() })
			written.WriteString(s.stderr.String())
			written.WriteString(s.stdout.String())
		}
	}
	require.Positive(t, seen.Load(), "the canary was never used: this proves nothing")
	require.Greater(t, written.Len(), 10_000)
	require.NoError(t, filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, readErr := os.ReadFile(path)
			require.NoError(t, readErr)
			written.Write(text)
		}
		return err
	}))
	for what, text := range map[string]string{
		"the key": canary, "its secret part": canary[4:], "its end": canary[len(canary)-12:],
		"its base64 form": base64.StdEncoding.EncodeToString([]byte(canary)), "its quoted form": url.QueryEscape(canary),
	} {
		require.NotContains(t, written.String(), text, "%s was written", what)
	}
}
