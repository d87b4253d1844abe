package hogql_test

import (
	"os"
	"testing"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }
