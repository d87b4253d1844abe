package config

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"
)

const masked = "[secret]"

// Secret is a text that no formatter, logger or encoder can print. It keeps the text in a closure, so
// that even reflection over an unexported field of this type meets only a function.
type Secret struct{ reveal func() string }

// NewSecret hides a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{func() string { return text }}
}

// Reveal gives the text itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Masked describes the secret for people: its public prefix and its length, "phx_…(47 characters)".
func (s Secret) Masked() string {
	if s.IsZero() {
		return "none"
	}
	text, prefix := s.Reveal(), ""
	if i := strings.IndexByte(text, '_'); i == 3 && strings.HasPrefix(text, "ph") {
		prefix = text[:4]
	}
	return prefix + "…(" + strconv.Itoa(utf8.RuneCountInString(text)) + " characters)"
}

// Format writes the mask for every verb.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, masked) }

// String gives the mask.
func (Secret) String() string { return masked }

// GoString gives the mask.
func (Secret) GoString() string { return masked }

// LogValue gives the mask.
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText gives the mask, to JSON, YAML and XML encoders too.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// GobEncode gives the mask.
func (Secret) GobEncode() ([]byte, error) { return []byte(masked), nil }
