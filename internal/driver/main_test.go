package driver_test

import (
	"fmt"
	"os"
	"testing"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestMain(m *testing.M) {
	if ca := os.Getenv(proxied); ca != "" {
		if err := behindProxy(ca); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(sandboxtest.Main(m))
}
