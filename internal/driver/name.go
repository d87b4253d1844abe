package driver

import (
	"slices"
	"strings"
	"unicode"
)

// reserved words are never identifiers in HogQL, not even after a dot, unless quoted.
func reserved(word string) bool {
	return slices.Contains([]string{"catch", "except", "finally", "fn", "fun", "intersect", "let", "materialized", "throw", "try",
		"while", "within", "null", "inf", "infinity", "nan"}, strings.ToLower(word))
}

// identifier writes a name as HogQL reads it: plain where that is possible, else in backticks. ok is
// false for names that HogQL cannot take as an identifier at all (with a percent sign or control characters).
func identifier(name string) (text string, ok bool) {
	if plainName(name) && !reserved(name) {
		return name, true
	}
	if name == "" || strings.ContainsAny(name, `%\`) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", false
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`", true
}

func plainName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '$'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// property writes the access to a property below base ("properties", "person.properties").
func property(base, name string) string {
	if id, ok := identifier(name); ok {
		return base + "." + id
	}
	return "JSONExtractString(" + base + ", " + literal(name) + ")"
}

// tableName writes a table's name; its dots separate parts.
func tableName(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if id, ok := identifier(p); ok {
			parts[i] = id
		}
	}
	return strings.Join(parts, ".")
}

// literal writes a string in HogQL. It is for texts shown to people; queries of this package bind values.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(s) + "'"
}
