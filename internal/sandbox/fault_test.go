package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestParseFault(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"503busy", "503busy*2", "slow:250ms", "slow:1s*3", "drip", "429rate:37*1", "cut:body", "cut", "429rate", "503skew:-1h", "bomb:3", "chaos:7", "chaos:7*100"} {
		f, err := sandbox.ParseFault(spec)
		require.NoError(t, err)
		require.Equal(t, spec, f.String())
	}
	for spec, want := range map[string]string{
		"":             `fault "": unknown kind ""; there are slow:DURATION, drip[:DURATION], silent, cut[:body], truncated, `,
		"503":          `unknown kind "503"`,
		"503busy*0":    `"0" is no number of times`,
		"503busy*x":    `"x" is no number of times`,
		"503busy:1":    `503busy takes nothing behind a colon`,
		"slow":         `slow needs a duration; write for example slow:500ms`,
		"slow:fast":    `"fast" is no duration; write for example slow:500ms`,
		"slow:-1s":     `"-1s" is no duration`,
		"503skew:ago":  `"ago" is no offset; write for example 503skew:-2h`,
		"429rate:soon": `"soon" is no seconds; write for example 429rate:37`,
		"cut:head":     `"head" is no body; write for example cut:body`,
		"chaos":        `chaos needs a seed; write for example chaos:37`,
		"bomb:-1":      `"-1" is no megabytes`,
	} {
		_, err := sandbox.ParseFault(spec)
		require.ErrorContains(t, err, want, spec)
	}
	require.Len(t, sandbox.FaultKinds(), len(sandbox.FaultNames())+1)
	require.Contains(t, sandbox.FaultKinds(), "chaos:SEED")
	require.NotContains(t, sandbox.FaultNames(), "chaos")
}

func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var log transcript
	for _, kind := range []string{
		"429rate", "429rate:37", "429concurrency", "500", "502html", "503busy", "503retry", "504json", "504html", "512", "513query", "513cluster", "402", "html200",
	} {
		e := queryOf("SELECT 1")
		e.header = map[string]string{"X-Sandbox-Fault": kind}
		log.add(t, kind, e.do(t, s))
	}
	e := queryOf("SELECT 1")
	e.header = map[string]string{"X-Sandbox-Fault": "unknown"}
	log.add(t, "unknown", e.do(t, s))
	log.check(t, "faults")
}

func TestFaultsWait(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.WithFaults(t, "503busy*2", "500*1"))
	require.Equal(t, http.StatusInternalServerError, get(t, s, "/api/projects/1/").status, "the engine's faults meet queries only")
	require.Equal(t, http.StatusOK, get(t, s, "/api/projects/1/").status)
	for _, want := range []int{503, 503, 200} {
		require.Equal(t, want, query(t, s, "SELECT 1").status)
	}
	always, err := sandbox.ParseFault("502html")
	require.NoError(t, err)
	s.Server.SetFaults(always)
	for range 3 {
		require.Equal(t, http.StatusBadGateway, get(t, s, "/api/projects/1/").status)
	}
	s.Server.SetFaults()
	require.Equal(t, http.StatusOK, get(t, s, "/api/projects/1/").status)
	e := &exchange{method: "GET", path: "/api/projects/1/", key: keyAll, header: map[string]string{"X-Sandbox-Fault": "512"}}
	require.Equal(t, http.StatusOK, e.do(t, s).status)
	require.Equal(t, 2, s.Server.Stats().Count("POST", "/api/projects/{project}/query/", 503))
}

func TestCutConnections(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	ask := func(fault string) *exchange {
		e := queryOf("SELECT number FROM numbers(100)")
		e.header = map[string]string{"X-Sandbox-Fault": fault}
		e.err = e.try(t, s)
		return e
	}
	require.ErrorIs(t, ask("cut").err, io.EOF)
	e := ask("cut:body")
	require.ErrorIs(t, e.err, io.ErrUnexpectedEOF)
	require.Equal(t, http.StatusOK, e.status)
	require.NotEmpty(t, e.text)
	e = ask("truncated")
	require.NoError(t, e.err)
	require.Equal(t, http.StatusOK, e.status)
	require.False(t, json.Valid([]byte(e.text)))
	require.True(t, strings.HasPrefix(e.text, `{"results":[[0],[1]`))
	require.Equal(t, 1, s.Server.Stats().Count("POST", "/api/projects/{project}/query/", 0), "a connection cut before any answer has no status")
}

func TestSlow(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := queryOf("SELECT 1")
	e.header = map[string]string{"X-Sandbox-Fault": "slow:1ms"}
	require.Equal(t, http.StatusOK, e.do(t, s).status)
	e = queryOf("SELECT 1")
	e.header = map[string]string{"X-Sandbox-Fault": "slow:24h"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	e.ctx = ctx
	require.ErrorIs(t, e.try(t, s), context.DeadlineExceeded)
	until(t, func() bool { return s.Server.Stats().InFlight == 0 })
}
