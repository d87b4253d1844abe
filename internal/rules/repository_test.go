package rules_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, "/", dir, "no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

// files are the names of all files that git tracks or would track, with their texts.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	require.NoError(t, err)
	found := map[string][]byte{}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(filepath.Join(cmd.Dir, name))
		if os.IsNotExist(err) {
			continue // removed, not yet committed
		}
		require.NoError(t, err)
		found[name] = text
	}
	require.Contains(t, found, "go.mod")
	return found
}

func TestProductionFilesAreShort(t *testing.T) {
	for name, text := range files(t) {
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			require.LessOrEqual(t, bytes.Count(text, []byte("\n")), 500, "%s: split it by role", name)
		}
	}
}

// TestNothingForeign keeps keys, registry hosts and machine paths out of the repository.
func TestNothingForeign(t *testing.T) {
	patterns := map[string]*regexp.Regexp{
		"a key":                       regexp.MustCompile(`ph[xcsa]_[A-Za-z0-9]{30,}`),
		"a package registry's host":   regexp.MustCompile(`(registry|proxy|deb|security|files)[.](npmjs|golang|debian|pythonhosted)[.]`),
		"a path of somebody's folder": regexp.MustCompile(`/(root|home)/[a-z]+/|/Users/[a-z]+/`),
		"a private key":               regexp.MustCompile(`BEGIN [A-Z ]*PRIVATE` + ` KEY`),
	}
	for name, text := range files(t) {
		for what, pattern := range patterns {
			require.False(t, pattern.Match(text), "%s holds %s: %q", name, what, pattern.Find(text))
		}
	}
}

func TestNoReplaceInGoMod(t *testing.T) {
	text := files(t)["go.mod"]
	for line := bufio.NewScanner(bytes.NewReader(text)); line.Scan(); {
		require.NotRegexp(t, `^\s*(replace|exclude)\b`, line.Text(), "others must be able to build this module as it is")
	}
}

// TestEnvironmentIsDocumented holds .env.example and README.md to the variables that config reads.
func TestEnvironmentIsDocumented(t *testing.T) {
	all := files(t)
	variable := regexp.MustCompile(`"((?:POSTHOG|MCP|LOG)_[A-Z_]+)"`)
	seen := map[string]bool{}
	for name, text := range all {
		if strings.HasPrefix(name, "internal/config/") && !strings.HasSuffix(name, "_test.go") {
			for _, m := range variable.FindAllSubmatch(text, -1) {
				seen[string(m[1])] = true
			}
		}
	}
	require.NotEmpty(t, seen)
	for name := range seen {
		require.Contains(t, string(all[".env.example"]), name, ".env.example lists every variable")
		require.Contains(t, string(all["README.md"]), name, "README.md lists every variable")
	}
}
