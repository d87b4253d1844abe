package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/chdb"
)

// TestMain puts the real program on the PATH as posthog-sandbox.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"posthog-sandbox": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// TestServes starts the program, with rows on its input that ClickHouse must not take for its own, asks it
// over HTTP, ends it, and looks for what it leaves behind.
func TestServes(t *testing.T) {
	library, _, err := chdb.Find("")
	require.NoError(t, err, "run: make engine")
	temp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "posthog-sandbox", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0",
		"--events", "2000", "--now", "2026-06-15T12:00:00Z", "--libchdb", library, "--fault", "503busy*1", "--limits", "on")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + temp, "TMPDIR=" + temp, "GOCOVERDIR=" + t.TempDir()}
	cmd.Stdin = strings.NewReader("1\t2\n3\t4\n")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		what, where, _ := strings.Cut(lines.Text(), " on ")
		if said[what] = where; what == "listening" {
			break
		}
	}
	require.Contains(t, said, "keys: phx_sandbox_all, phx_sandbox_noquery, phx_sandbox_berlin")

	ask := func(url, body string) (int, string) {
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer phx_sandbox_all")
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	query := `{"query":{"kind":"HogQLQuery","query":"SELECT count(), toString(now()) FROM events"}}`
	status, _ := ask(said["listening"]+"/api/projects/1/query/", query)
	require.Equal(t, http.StatusServiceUnavailable, status, "the fault")
	status, text := ask(said["listening"]+"/api/projects/1/query/", query)
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"results":[[2000,"2026-06-15 12:00:00`)
	status, text = ask(said["admin"]+"/stats", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `"status":503`)

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	require.NoError(t, err)
	require.Empty(t, left, "something was left behind")
}
