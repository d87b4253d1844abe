package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// TestScripts runs the command lines in testdata/script, each in an empty folder, against the sandbox.
func TestScripts(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: golden.Updating(),
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "SANDBOX="+sandbox.URL, "LOG_LEVEL=error",
				"POSTHOG_API_URL="+sandbox.URL, "POSTHOG_API_KEY="+sandbox.Key, "POSTHOG_PROJECT_ID=1")
			return nil
		},
	})
}
