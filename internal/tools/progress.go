package tools

import (
	"context"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-mcp/internal/driver"
)

// mcp-go hands notifications to another goroutine, and over HTTP drops what that one has not written when the result
// is. So a call that has sent one waits until the queue is empty, and a little for the last to be written.
const (
	settleMost = 250 * time.Millisecond
	settleStep = time.Millisecond
	settleLast = 3 * time.Millisecond
)

type progressKey struct{}

// progressOf returns whom to tell how far the call of ctx is; nil where nobody asked.
func progressOf(ctx context.Context) func(driver.Progress) {
	f, _ := ctx.Value(progressKey{}).(func(driver.Progress))
	return f
}

// reporting returns ctx with a progressOf that notifies the client, where it asked for that, and what to call before
// the result is given: it lets the last notification out.
func reporting(ctx context.Context, request mcp.CallToolRequest) (withReports context.Context, settle func()) {
	server, session := mcpserver.ServerFromContext(ctx), mcpserver.ClientSessionFromContext(ctx)
	if request.Params.Meta == nil || request.Params.Meta.ProgressToken == nil || server == nil || session == nil {
		return ctx, func() {}
	}
	var mu sync.Mutex
	var last float64
	sent := false
	report := func(p driver.Progress) {
		mu.Lock()
		defer mu.Unlock()
		seconds := p.Elapsed.Seconds()
		if seconds <= last {
			return // a number that does not grow is a mistake in the protocol
		}
		last = seconds
		err := server.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
			"progressToken": request.Params.Meta.ProgressToken, "progress": seconds, "message": progressText(p),
		})
		sent = sent || err == nil // a client that cannot be told misses nothing that the answer does not say
	}
	settle = func() {
		mu.Lock()
		defer mu.Unlock()
		if !sent {
			return
		}
		for end := time.Now().Add(settleMost); len(session.NotificationChannel()) > 0 && time.Now().Before(end); {
			time.Sleep(settleStep)
		}
		time.Sleep(settleLast)
	}
	return context.WithValue(ctx, progressKey{}, report), settle
}

// progressText says how far a run is.
func progressText(p driver.Progress) string {
	text := "PostHog is computing, " + ago(p.Elapsed)
	switch {
	case p.TotalRows > 0:
		text += ": " + thousands(p.Rows) + " of about " + thousands(p.TotalRows) + " rows read"
	case p.Rows > 0:
		text += ": " + plural(int(p.Rows), "row") + " read"
	}
	return text
}
