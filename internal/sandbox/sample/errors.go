package sample

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// issue is a group of exceptions with one fingerprint. One that was merged into another is no issue of its own
// any more: its exceptions still carry its id, and an override tells where they belong.
type issue struct {
	id, kind, message, fingerprint, status string
	file, function                         string
	line                                   int
	callers                                []string
	mergedInto                             string
}

// Ids of two issues of the project "Demo".
const (
	PlaybackIssue = "0190a000-0000-7000-8000-000000000001" // the error of the bad day
	KeyframeIssue = "0190a000-0000-7000-8000-000000000005" // merged into PlaybackIssue
)

func issues() []issue {
	return []issue{
		{id: PlaybackIssue, kind: "PlaybackError", message: "Decoder stopped: out of buffers", fingerprint: "f1e2d3c4b5a69788", status: "active",
			file: "src/player/decoder.ts", function: "pullFrame", line: 214, callers: []string{"play", "fillBuffer"}},
		{id: "0190a000-0000-7000-8000-000000000002", kind: "TypeError", message: "Cannot read properties of undefined (reading 'title')",
			fingerprint: "0a1b2c3d4e5f6071", status: "active", file: "src/pages/movie.tsx", function: "MovieHeader", line: 48},
		{id: "0190a000-0000-7000-8000-000000000003", kind: "NetworkError", message: "Failed to fetch", fingerprint: "77aa66bb55cc44dd", status: "resolved",
			file: "src/api/client.ts", function: "request", line: 91},
		{id: "0190a000-0000-7000-8000-000000000004", kind: "ChunkLoadError", message: "Loading chunk 12 failed", fingerprint: "9081726354453627",
			status: "suppressed", file: "src/bootstrap.ts", function: "loadChunk", line: 17},
		{id: KeyframeIssue, kind: "PlaybackError", message: "Decoder stopped: no keyframe", fingerprint: "5e6f708192a3b4c5", status: "active",
			file: "src/player/decoder.ts", function: "seekKeyframe", line: 268, callers: []string{"seek"}, mergedInto: PlaybackIssue},
	}
}

// properties are an issue's event properties in JSON, without the braces. The last frame is where it was thrown.
func (i issue) properties() string {
	frame := func(function, file string, line int) dict {
		return dict{"platform": "web:javascript", "filename": file, "function": function, "lineno": line, "colno": 17,
			"in_app": true, "resolved": true, "lang": "javascript"}
	}
	frames := many{frame("dispatch", "src/app/events.ts", 33), frame("render", "src/app/main.tsx", 120)}
	for n, caller := range i.callers {
		frames = append(frames, frame(caller, "src/player/player.ts", 60+31*n))
	}
	frames = append(frames, frame(i.function, i.file, i.line))
	return strings.Trim(object(dict{
		"$exception_list": many{dict{
			"type": i.kind, "value": i.message, "mechanism": dict{"handled": false, "type": "generic", "synthetic": false},
			"stacktrace": dict{"type": "resolved", "frames": frames},
		}},
		"$exception_types": []string{i.kind}, "$exception_values": []string{i.message}, "$exception_fingerprint": i.fingerprint,
		"$exception_issue_id": i.id, "$exception_level": "error", "$exception_handled": false,
		"$exception_functions": []string{i.function}, "$exception_sources": []string{i.file},
	}), "{}")
}

// issueRows writes the issues whose exceptions were seen, the first two given to the sandbox's user.
func (l loader) issueRows(ctx context.Context) error {
	seen := map[string]time.Time{}
	err := l.rows(ctx, DemoID, `SELECT JSONExtractString(properties, '$exception_fingerprint'), min(timestamp) FROM events
		WHERE event = '$exception' GROUP BY 1`, func(text json.RawMessage) error {
		var fingerprint string
		var first time.Time
		err := json.Unmarshal(text, &[]any{&fingerprint, &first})
		seen[fingerprint] = first
		return err
	})
	if err != nil {
		return fmt.Errorf("read the exceptions: %w", err)
	}
	var found, prints, moved, assigned []row
	began := map[string]time.Time{} // by issue: the first exception of any of its fingerprints
	for n, i := range issues() {
		first, is := seen[i.fingerprint]
		if !is {
			continue
		}
		target := cmp.Or(i.mergedInto, i.id)
		prints = append(prints, row{"id": uuidOf("d0", n), "issue_id": target, "fingerprint": i.fingerprint, "first_seen": at(first)})
		if i.mergedInto != "" {
			moved = append(moved, row{"fingerprint": i.fingerprint, "issue_id": target, "is_deleted": 0, "version": 1})
		}
		if before, is := began[target]; !is || first.Before(before) {
			began[target] = first
		}
	}
	for n, i := range issues() {
		first, is := began[i.id]
		if !is {
			continue
		}
		found = append(found, row{"id": i.id, "created_at": at(first), "status": i.status, "name": i.kind, "description": i.message})
		if n < 2 {
			assigned = append(assigned, row{"id": uuidOf("e0", n), "issue_id": i.id, "user_id": 1})
		}
	}
	for _, t := range []tableRows{
		{"system.error_tracking_issues", found},
		{"system.error_tracking_issue_fingerprints", prints},
		{"system.error_tracking_issue_assignments", assigned},
		{"error_tracking_issue_fingerprint_overrides", moved},
	} {
		if err := l.insert(ctx, DemoID, t.name, t.rows...); err != nil {
			return err
		}
	}
	return nil
}
