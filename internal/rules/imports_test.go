// Package rules holds the rules of the repository that a compiler does not know, as tests.
package rules_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "posthog-mcp/"

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json"}, args...)...)
	cmd.Dir = root(t)
	out, err := cmd.Output()
	require.NoError(t, err)
	var found []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return found
		} else if err != nil {
			require.NoError(t, err)
		}
		found = append(found, p)
	}
}

// ours names, for each folder, the folders of this module that its production code may import. A name that
// ends in /... covers all below it.
var ours = map[string][]string{
	"cmd/posthog-mcp":                {"internal/config", "internal/server", "internal/tools", "internal/driver", "internal/hogql"},
	"cmd/posthog-sandbox":            {"internal/sandbox", "internal/sandbox/..."},
	"internal/server":                {"internal/tools", "internal/driver"},
	"internal/tools":                 {"internal/ask", "internal/driver", "internal/hogql"},
	"internal/ask":                   {"internal/driver", "internal/hogql"},
	"internal/config":                {},
	"internal/driver":                {},
	"internal/hogql":                 {},
	"internal/hogql/generate":        {},
	"internal/hogql/hostile":         {},
	"internal/hogql/hostile/measure": {"internal/hogql", "internal/hogql/hostile"},
	"internal/golden":                {},
	"internal/rules":                 {},
	"internal/sandbox":               {"internal/hogql", "internal/sandbox/..."},
	"internal/sandbox/chdb":          {},
	"internal/sandbox/schema":        {},
	"internal/sandbox/compile":       {"internal/hogql", "internal/sandbox/schema"},
	"internal/sandbox/sample":        {"internal/sandbox/chdb", "internal/sandbox/schema"},
	"internal/sandbox/sandboxtest":   {"internal/sandbox", "internal/sandbox/..."},
}

// helpers may be imported by any package's tests, beside what its production code may import.
var helpers = []string{"internal/golden", "internal/hogql", "internal/hogql/hostile", "internal/sandbox", "internal/sandbox/..."}

// theirs names, for each third-party module, the folders whose production code may import it.
var theirs = map[string][]string{
	"github.com/caarlos0/env/v11":         {"internal/config"},
	"github.com/ebitengine/purego":        {"internal/sandbox/chdb"},
	"github.com/google/uuid":              {"internal/driver", "internal/sandbox", "internal/sandbox/..."},
	"github.com/klauspost/compress":       {"internal/driver"},
	"github.com/blevesearch/snowballstem": {"internal/ask"},
	"github.com/mark3labs/mcp-go":         {"internal/tools", "internal/server"},
	"github.com/sony/gobreaker/v2":        {"internal/driver"},
	"github.com/spf13/cobra":              {"cmd/posthog-mcp", "cmd/posthog-sandbox"},
	"golang.org/x/time":                   {"internal/driver"},
	"github.com/stretchr/testify":         {"internal/golden", "internal/sandbox/sandboxtest"},
}

func allowed(name string, list []string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		if below, ok := strings.CutSuffix(a, "/..."); ok {
			return strings.HasPrefix(name, below+"/")
		}
		return name == a
	})
}

func TestImportGraph(t *testing.T) {
	for _, p := range list(t, "./...") {
		here := strings.TrimPrefix(p.ImportPath, module)
		may, known := ours[here]
		require.True(t, known, "%s is a new package: add it to ARCHITECTURE.md and to this test", here)
		for _, imp := range p.Imports {
			if other, ok := strings.CutPrefix(imp, module); ok {
				require.True(t, allowed(other, may), "%s must not import %s (the DAG of ARCHITECTURE.md)", here, other)
				continue
			}
			if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			require.True(t, thirdParty(imp, here), "%s must not import %s: each library is met in one place", here, imp)
		}
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			if other, ok := strings.CutPrefix(imp, module); ok && other != here {
				require.True(t, allowed(other, may) || allowed(other, helpers),
					"a test of %s must not import %s", here, other)
			}
		}
	}
}

func thirdParty(imp, here string) bool {
	for mod, places := range theirs {
		if imp == mod || strings.HasPrefix(imp, mod+"/") {
			return allowed(here, places)
		}
	}
	return false
}

// TestShippedBinary holds what the binary that users run may be made of: no engine, no look-alike, no test code.
func TestShippedBinary(t *testing.T) {
	deps := list(t, "-deps", "./cmd/posthog-mcp")
	require.NotEmpty(t, deps)
	for _, p := range deps {
		for _, bad := range []string{module + "internal/sandbox", module + "internal/golden", "purego", "testify"} {
			require.NotContains(t, p.ImportPath, bad)
		}
		require.NotEqual(t, "testing", p.ImportPath)
	}
}
