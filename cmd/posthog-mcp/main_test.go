package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

// TestMain puts the real program on the PATH as posthog-mcp: the tests run it as its users do.
func TestMain(m *testing.M) {
	testscript.Main(closing{m}, map[string]func(){"posthog-mcp": main})
}

// closing runs the tests and closes the engine behind them.
type closing struct{ m *testing.M }

func (c closing) Run() int { return sandboxtest.Main(c.m) }

// outcome is how a run of the program ended.
type outcome struct {
	stdout, stderr string
	code           int
}

// environ is an environment that names the sandbox, and nothing of the caller's but PATH.
func environ(s *sandboxtest.Sandbox, more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LOG_LEVEL=debug",
		"POSTHOG_API_URL=" + s.URL, "POSTHOG_API_KEY=" + s.Key, "POSTHOG_PROJECT_ID=1",
	}, more...)
}

// coverable gives a program that was built for coverage a place to write to; without one it complains.
func coverable(t *testing.T, env []string) []string {
	t.Helper()
	return append(env[:len(env):len(env)], "GOCOVERDIR="+t.TempDir())
}

// posthogMCP runs the program to its end.
func posthogMCP(t *testing.T, env []string, stdin string, args ...string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "posthog-mcp", args...)
	cmd.Env = coverable(t, env)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // a non-zero code is part of the outcome
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
