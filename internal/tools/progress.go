package tools

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-mcp/internal/driver"
)

// reporter tells a client how a call goes on, where it asked to be told.
type reporter struct {
	session mcpserver.ClientSession
	server  *mcpserver.MCPServer
	token   mcp.ProgressToken
	last    float64
	sent    bool
}

// newReporter returns nil where the client gave no token for progress.
func newReporter(ctx context.Context, r mcp.CallToolRequest) *reporter {
	if r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
		return nil
	}
	p := &reporter{session: mcpserver.ClientSessionFromContext(ctx), server: mcpserver.ServerFromContext(ctx), token: r.Params.Meta.ProgressToken}
	if p.session == nil || p.server == nil {
		return nil
	}
	return p
}

// progress sends what PostHog says of a run. The progress of a call only ever rises, as the specification asks; the
// total is left out where PostHog has no estimate or was wrong.
func (p *reporter) progress(ctx context.Context, at driver.Progress) {
	value := float64(at.Rows)
	if value <= p.last {
		value = p.last + 0.001
	}
	p.last = value
	message := fmt.Sprintf("running for %.1f s", at.Elapsed.Seconds())
	if at.Rows > 0 {
		message += ", " + thousands(at.Rows) + " rows read"
	}
	params := map[string]any{"progressToken": p.token, "progress": value, "message": message}
	if at.TotalRows > 0 && float64(at.TotalRows) >= value {
		params["total"] = at.TotalRows
	}
	p.sent = p.server.SendNotificationToClient(ctx, "notifications/progress", params) == nil || p.sent // who cannot be told still gets the answer
}

// flush waits until the last notification has left: mcp-go hands notifications to another goroutine, and what is
// still there when the answer goes out is lost over HTTP.
func (p *reporter) flush(ctx context.Context) {
	if p == nil || !p.sent {
		return
	}
	const most, settle = 500 * time.Millisecond, 3 * time.Millisecond
	for waited := time.Duration(0); len(p.session.NotificationChannel()) > 0 && waited < most && ctx.Err() == nil; waited += settle {
		time.Sleep(settle)
	}
	time.Sleep(settle) // what was taken from the channel is on its way
}
