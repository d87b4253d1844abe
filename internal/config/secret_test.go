package config_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/config"
)

type holder struct {
	Key    config.Secret
	hidden config.Secret
	Ptr    *config.Secret
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	s := config.NewSecret(canary)
	h := holder{Key: s, hidden: s, Ptr: &s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p", "%w", "%50s", "% x"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", &h)
		fmt.Fprintf(&out, verb+"\n", []any{s, map[string]config.Secret{"k": s}})
	}
	fmt.Fprintln(&out, s.String(), s.GoString(), s, h)
	fmt.Fprintln(&out, fmt.Errorf("wrapped: %w", errors.New(fmt.Sprint(s))))
	for _, l := range []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))} {
		l.Info("x", "key", s, "holder", h, "ptr", &s, slog.Group("g", "key", s))
	}
	for _, v := range []any{s, &s, h, map[string]any{"k": s}} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(b)
	}
	b, err := xml.Marshal(s)
	require.NoError(t, err)
	out.Write(b)
	require.NoError(t, gob.NewEncoder(&out).Encode(s))
	walk(&out, reflect.ValueOf(h), 0)
	require.NotContains(t, out.String(), canary)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", canary))
	require.Contains(t, out.String(), "[secret]")
}

// walk prints every field and element it can reach, as an encoder by reflection does.
func walk(out *bytes.Buffer, v reflect.Value, depth int) {
	if depth > 5 {
		return
	}
	fmt.Fprintln(out, v.String(), v.Kind())
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(out, v.Field(i), depth+1)
		}
	case reflect.Pointer:
		walk(out, v.Elem(), depth+1)
	default:
	}
}

func TestSecretMasked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "none",
		"phx_0123456789":        "phx_…(14 characters)",
		"phs_x":                 "phs_…(5 characters)",
		"legacykeywithnoprefix": "…(21 characters)",
		"abc_secret":            "…(10 characters)",
	} {
		require.Equal(t, want, config.NewSecret(text).Masked())
	}
	require.True(t, config.NewSecret("").IsZero())
	require.Empty(t, config.Secret{}.Reveal())
}
