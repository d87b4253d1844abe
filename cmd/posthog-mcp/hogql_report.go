package main

import (
	"bufio"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"posthog-mcp/internal/hogql"
)

// hogqlReport writes findings for people (text), for GitHub's workflows (github) or as SARIF 2.1.0.
type hogqlReport struct {
	out     *bufio.Writer
	format  string
	results []sarifResult
	rules   []string
}

// add reports the findings of one text.
func (r *hogqlReport) add(t hogqlText, found hogql.Findings) error {
	for _, f := range found {
		var err error
		switch r.format {
		case "github":
			_, err = r.out.WriteString(githubLine(t, f))
		case "sarif":
			r.sarif(t, f)
		default:
			_, excerpt, _ := strings.Cut(strings.TrimRight(f.Err(t.Text).Error(), "\n"), "\n")
			_, err = fmt.Fprintf(r.out, "%s:%d:%d: %s: %s [%s]\n%s\n", t.name, f.Line, f.Column, f.Severity, f.Message, f.Code, excerpt)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// end writes what can only be written behind the last text.
func (r *hogqlReport) end() error {
	if r.format != "sarif" {
		return nil
	}
	slices.Sort(r.rules)
	rules := []sarifRule{}
	for _, id := range slices.Compact(r.rules) {
		rules = append(rules, sarifRule{ID: id})
	}
	if r.results == nil {
		r.results = []sarifResult{}
	}
	return writeLine(r.out, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{ColumnKind: "unicodeCodePoints", Tool: sarifTool{sarifDriver{"posthog-mcp", version, rules}}, Results: r.results}},
	})
}

// endOf returns the line and column right behind a finding.
func endOf(t hogqlText, f hogql.Finding) (line, column int) {
	text := t.Text[f.Span.Start:f.Span.End]
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		return f.Line + strings.Count(text, "\n"), 1 + utf8.RuneCountInString(text[i+1:])
	}
	return f.Line, f.Column + utf8.RuneCountInString(text)
}

// githubLine writes a finding as a workflow command, which GitHub shows beside the line.
func githubLine(t hogqlText, f hogql.Finding) string {
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := f.Message
	if f.Hint != "" {
		message += "\nwrite: " + strings.TrimSpace(f.Hint)
	}
	line, column := endOf(t, f)
	return fmt.Sprintf("::%s file=%s,line=%d,endLine=%d,col=%d,endColumn=%d,title=%s::%s\n", f.Severity, property.Replace(t.name),
		f.Line, line, f.Column, column, property.Replace(f.Code), text.Replace(message))
}

func (r *hogqlReport) sarif(t hogqlText, f hogql.Finding) {
	r.rules = append(r.rules, f.Code)
	message := f.Message
	if f.Hint != "" && f.Fix == nil {
		message += ". Write: " + strings.TrimSpace(f.Hint)
	}
	line, column := endOf(t, f)
	where := sarifPhysical{
		Artifact: sarifArtifact{URI: (&url.URL{Path: filepath.ToSlash(t.name)}).String()},
		Region:   sarifRegion{StartLine: f.Line, StartColumn: f.Column, EndLine: line, EndColumn: column},
	}
	result := sarifResult{RuleID: f.Code, Level: f.Severity.String(), Message: sarifText{message}, Locations: []sarifLocation{{where}}}
	if f.Fix != nil {
		start, end := t.offsets(f.Fix.Span)
		result.Fixes = []sarifFix{{Changes: []sarifChange{{
			Artifact:     where.Artifact,
			Replacements: []sarifReplacement{{Deleted: sarifChars{start, end - start}, Inserted: sarifText{f.Fix.Text}}},
		}}}}
	}
	r.results = append(r.results, result)
}

// The parts of a SARIF log that a finding needs.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Changes []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifChars `json:"deletedRegion"`
		Inserted sarifText  `json:"insertedContent"`
	}
	sarifChars struct {
		Offset int `json:"charOffset"`
		Length int `json:"charLength"`
	}
)
